// What a stored record says of one person, told from the annotations of its message alone.
//
// A value is the person's where the schema calls it a name or contact and it is theirs: sealed
// under their key, or the same name in clear. What the same message (the record itself, or one that
// it is composed of) says of what such a person did, and texts typed by one of their kind, go with
// it; so do texts anywhere that mention the name. Other persons' names are left out; a text may
// still mention others. Beside that, the plain values of the record say what it is about.
//
// Thread safety: externally synchronised, as the matcher is. Borrows it.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/compliance/v1/erasure.pb.h"
#include "compliance/retention.h"
#include "services/shared/person_matcher.h"

namespace belgrand::shared {

class PersonCollector {
 public:
  // Places that a sealed field of a record may be bound to, the likeliest first.
  using Places = std::function<std::vector<std::string>(const google::protobuf::Message& record,
                                                        const std::string& path)>;
  // `matcher` is of one person.
  PersonCollector(std::string store, const PersonMatcher& matcher, Places places = nullptr)
      : store_(std::move(store)), matcher_(matcher), places_(std::move(places)) {}

  // `stored`: when what it says was written, as far as names in clear need it; `tenant`: whose
  // texts it holds. Nothing: it says nothing of the person.
  std::optional<compliance::v1::HeldRecord> Collect(const google::protobuf::Message& record,
                                                    std::string_view tenant);

 private:
  struct Found {
    std::string path;
    const google::protobuf::Message* holder;
    const google::protobuf::FieldDescriptor* field;
  };
  void CollectFrom(const google::protobuf::Message& message, const std::string& path,
                   std::string_view tenant, std::vector<Found>& found) const;
  bool IsTheirs(const google::protobuf::Message& message,
                const google::protobuf::FieldDescriptor& field) const;
  compliance::v1::HeldField Describe(const google::protobuf::Message& record, const Found& found);
  const std::map<std::string, compliance::RetentionPolicy>& PoliciesOf(
      const google::protobuf::Descriptor& record);

  const std::string store_;
  const PersonMatcher& matcher_;
  const Places places_;
  // By stored message; by path, and "" for the record.
  std::map<const google::protobuf::Descriptor*, std::map<std::string, compliance::RetentionPolicy>>
      policies_;
};

}  // namespace belgrand::shared
