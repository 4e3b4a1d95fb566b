#include "services/shared/person_matcher.h"

#include <algorithm>
#include <cctype>

#include "compliance/erasure_ledger.h"
#include "compliance/sealed_field.h"
#include "platform/crypto/encoding.h"
#include "services/shared/timestamp.h"

namespace belgrand::shared {
namespace {

using compliance::v1::PersonToErase;
using compliance::v1::SearchLine;

// Shorter names occur by chance in what has nothing to do with anybody.
constexpr std::size_t kMinExactBytes = 4;
constexpr std::size_t kMinLooseBytes = 6;
constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kMaxKnownDigests = 10'000;

std::string Upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

// Of names in Latin-1 letters; others in UTF-16 have no zero bytes between, and are not looked for.
std::string Utf16(std::string_view text) {
  std::string wide;
  for (const char c : text) {
    wide += c;
    wide += '\0';
  }
  wide.pop_back();  // either byte order
  return wide;
}

// What of base64 depends on the text alone, when it begins at `offset` modulo three.
std::string Base64At(std::string_view text, std::size_t offset) {
  std::string encoded = crypto::ToBase64(std::string(offset, '\0').append(text));
  while (!encoded.empty() && encoded.back() == '=') encoded.pop_back();
  if ((offset + text.size()) % 3 != 0) encoded.pop_back();
  return encoded.substr((offset * 8 + 5) / 6);
}

// As protobuf stores a string of this length.
std::string WithLength(std::string_view text) {
  std::string field;
  std::size_t length = text.size();
  for (; length >= 0x80; length >>= 7) field += static_cast<char>((length & 0x7f) | 0x80);
  field += static_cast<char>(length);
  return field.append(text);
}

bool IsWordByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || std::isalnum(byte) != 0;
}

// Whether the name at `at` is a part of the replacement that stands there already.
bool IsReplaced(std::string_view text, std::size_t at, const PersonToErase& person) {
  const std::string& replacement = person.replacement();
  for (std::size_t in = replacement.find(person.value()); in != std::string::npos;
       in = replacement.find(person.value(), in + 1)) {
    if (at >= in && text.substr(at - in, replacement.size()) == replacement) return true;
  }
  return false;
}

// Where the name stands as words of its own, one mention after the other.
std::vector<std::size_t> Mentions(std::string_view text, const PersonToErase& person) {
  const std::string& name = person.value();
  std::vector<std::size_t> places;
  std::size_t from = 0;
  for (std::size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool word =
        (at == 0 || !IsWordByte(text[at - 1])) && (end == text.size() || !IsWordByte(text[end]));
    if (!word || at < from || IsReplaced(text, at, person)) continue;
    places.push_back(at);
    from = end;
  }
  return places;
}

std::uint64_t Sum(const std::vector<std::uint64_t>& hits, std::size_t from, std::size_t to) {
  std::uint64_t sum = 0;
  for (std::size_t i = from; i < std::min(to, hits.size()); ++i) sum += hits[i];
  return sum;
}

}  // namespace

base::StatusOr<PersonMatcher> PersonMatcher::Make(std::vector<PersonToErase> persons,
                                                  std::string_view name_key) {
  PersonMatcher matcher;
  if (!name_key.empty()) {
    ASSIGN_OR_RETURN(matcher.name_key_, crypto::Key256::FromBytes(name_key));
  }
  for (std::size_t i = 0; i < persons.size(); ++i) {
    const PersonToErase& person = persons[i];
    if (!person.subject_ref().empty() &&
        person.subject_ref().size() != compliance::kSubjectRefBytes) {
      return base::InvalidArgument("subject_ref has {} bytes: {} are needed",
                                   person.subject_ref().size(), compliance::kSubjectRefBytes);
    }
    if (!person.name_digest().empty() &&
        (person.name_digest().size() != kDigestBytes || name_key.empty())) {
      return base::InvalidArgument("name_digest needs {} bytes and name_key", kDigestBytes);
    }
    if (!person.subject_ref().empty()) matcher.references_.emplace(person.subject_ref(), i);
    if (!person.name_digest().empty()) {
      matcher.digests_.insert(
          {person.name_digest(),
           {person.subject(),
            person.has_stored_until() ? ToInstant(person.stored_until()) : base::Instant::max(),
            i}});
    }
    matcher.AddForms(person);
  }
  matcher.persons_ = std::move(persons);
  return matcher;
}

void PersonMatcher::AddForms(const PersonToErase& person) {
  if (!person.subject_ref().empty()) exact_.push_back(person.subject_ref());
  const std::string& name = person.value();
  if (!person.name_digest().empty() && name.size() >= kMinExactBytes) {
    exact_.push_back(WithLength(name));
  }
  if (name.size() < kMinLooseBytes) return;
  loose_.push_back(name);
  loose_.push_back(Utf16(name));
  loose_.push_back(crypto::ToHex(name));
  if (const std::string upper = Upper(crypto::ToHex(name)); upper != loose_.back()) {
    loose_.push_back(upper);
  }
  for (std::size_t offset = 0; offset < 3; ++offset) loose_.push_back(Base64At(name, offset));
}

const PersonToErase* PersonMatcher::SealedBy(std::string_view sealed) const {
  if (references_.empty() || sealed.size() < compliance::kSealedOverheadBytes) return nullptr;
  const auto person = references_.find(sealed.substr(1, compliance::kSubjectRefBytes));
  return person == references_.end() ? nullptr : &persons_[person->second];
}

const PersonToErase* PersonMatcher::NamedBy(privacy::v1::Subject subject, std::string_view tenant,
                                            std::string_view name, base::Instant stored) const {
  if (digests_.empty() || name.empty()) return nullptr;
  const std::string key = fmt::format("{}/{}/{}", static_cast<int>(subject), tenant, name);
  auto known = known_digests_.find(key);
  if (known == known_digests_.end()) {
    if (known_digests_.size() >= kMaxKnownDigests) known_digests_.clear();
    known =
        known_digests_.emplace(key, compliance::NameDigest(name_key_, subject, tenant, name)).first;
  }
  const auto [from, to] = digests_.equal_range(known->second);
  const auto found = std::find_if(from, to, [&](const auto& entry) {
    return entry.second.subject == subject && stored <= entry.second.until;
  });
  return found == to ? nullptr : &persons_[found->second.person];
}

std::optional<std::string> PersonMatcher::WithoutMentions(std::string_view tenant,
                                                          std::string_view text) const {
  std::optional<std::string> changed;
  for (const PersonToErase& person : persons_) {
    if (person.value().size() < kMinExactBytes || person.tenant() != tenant) continue;
    const std::string here = changed.value_or(std::string(text));
    const std::vector<std::size_t> places = Mentions(here, person);
    if (places.empty()) continue;
    if (person.replacement().empty()) return std::string();
    std::string rewritten;
    std::size_t done = 0;
    for (const std::size_t at : places) {
      rewritten.append(here, done, at - done).append(person.replacement());
      done = at + person.value().size();
    }
    changed = rewritten.append(here, done);
  }
  return changed;
}

std::vector<std::string> Sought(const PersonMatcher& matcher) {
  std::vector<std::string> sought = matcher.exact();
  sought.insert(sought.end(), matcher.loose().begin(), matcher.loose().end());
  return sought;
}

SearchLine ToLine(std::string_view store, std::string_view part, const storage::SearchCount& count,
                  const PersonMatcher& matcher) {
  SearchLine line;
  line.set_store(std::string(store));
  line.set_part(std::string(part));
  line.set_files(count.files);
  line.set_bytes(count.bytes);
  const std::size_t exact = matcher.exact().size();
  line.set_exact_hits(Sum(count.hits, 0, exact));
  line.set_loose_hits(Sum(count.hits, exact, count.hits.size()));
  return line;
}

std::vector<SearchLine> ToLines(std::string_view store, const storage::SearchFacts& facts,
                                const PersonMatcher& matcher) {
  return {ToLine(store, "values", facts.values, matcher),
          ToLine(store, "write-ahead log", facts.logs, matcher),
          ToLine(store, "manifest", facts.manifests, matcher),
          ToLine(store, "files", facts.raw, matcher)};
}

}  // namespace belgrand::shared
