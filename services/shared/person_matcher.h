// Tells whether a stored value is of one of the persons to be erased, and what to search files for.
//
// A sealed value carries its person's reference. A name that is stored in clear is compared by its
// keyed digest, so that an erasure can be repeated when nobody knows the name any more.
//
// Thread safety: externally synchronised (digests are remembered). Borrows nothing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/compliance/v1/erasure.pb.h"
#include "platform/base/error.h"
#include "platform/base/time.h"
#include "platform/crypto/secret.h"
#include "platform/storage/search.h"

namespace belgrand::shared {

class PersonMatcher {
 public:
  // InvalidArgument: a reference or digest of another length, a digest without the key.
  template <typename Request>
  static base::StatusOr<PersonMatcher> Make(const Request& request) {
    return Make({request.persons().begin(), request.persons().end()}, request.name_key());
  }
  static base::StatusOr<PersonMatcher> Make(std::vector<compliance::v1::PersonToErase> persons,
                                            std::string_view name_key);

  // Whose sealed value (docs/formats/sealed_field.md) it is; null: nobody's of them.
  const compliance::v1::PersonToErase* SealedBy(std::string_view sealed) const;
  bool Sealed(std::string_view sealed) const { return SealedBy(sealed) != nullptr; }
  // Whose name in clear, stored at an instant, it is; null: nobody's of them.
  const compliance::v1::PersonToErase* NamedBy(privacy::v1::Subject subject,
                                               std::string_view tenant, std::string_view name,
                                               base::Instant stored) const;
  bool Named(privacy::v1::Subject subject, std::string_view tenant, std::string_view name,
             base::Instant stored) const {
    return NamedBy(subject, tenant, name, stored) != nullptr;
  }
  // A text that holds the name as words of its own. Only while the name is known.
  bool Mentioned(std::string_view tenant, std::string_view text) const {
    return WithoutMentions(tenant, text).has_value();
  }
  // What becomes of such a text: the replacement stands for the name of who is rectified; nothing
  // is left of one that mentions who is erased. Nothing: it mentions nobody.
  std::optional<std::string> WithoutMentions(std::string_view tenant, std::string_view text) const;

  const std::vector<compliance::v1::PersonToErase>& persons() const { return persons_; }

  // The persons themselves: their references, and names as a field stores them.
  const std::vector<std::string>& exact() const { return exact_; }
  // The letters of their names: as they are, in UTF-16, hexadecimal and base64. Of names too short
  // to tell from chance: none.
  const std::vector<std::string>& loose() const { return loose_; }

 private:
  struct Named_ {
    privacy::v1::Subject subject;
    base::Instant until;
    std::size_t person;  // index into persons_
  };
  PersonMatcher() = default;
  void AddForms(const compliance::v1::PersonToErase& person);

  std::vector<compliance::v1::PersonToErase> persons_;
  std::map<std::string, std::size_t, std::less<>> references_;  // to an index into persons_
  std::multimap<std::string, Named_> digests_;
  crypto::Key256 name_key_;
  std::vector<std::string> exact_;
  std::vector<std::string> loose_;
  // By subject, tenant and name.
  mutable std::map<std::string, std::string> known_digests_;
};

// The lines of a search for `matcher.exact()` and then `matcher.loose()`.
std::vector<compliance::v1::SearchLine> ToLines(std::string_view store,
                                                const storage::SearchFacts& facts,
                                                const PersonMatcher& matcher);
compliance::v1::SearchLine ToLine(std::string_view store, std::string_view part,
                                  const storage::SearchCount& count, const PersonMatcher& matcher);
// Both, in the order of the above.
std::vector<std::string> Sought(const PersonMatcher& matcher);

}  // namespace belgrand::shared
