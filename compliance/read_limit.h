// Which personal and secret fields of an answer a reader may see: those whose (field).readers and
// (field).read_for name the reader's role and what the call is for. Everything else of that kind is
// left out; so is a field that says nothing of readers.
//
//   const ReadLimit limit(*v1::GetAlertResponse::descriptor(), caller.roles, caller.purpose);
//   if (auto less = limit.Reduced(answer, left_out)) send(*less); else send(answer);
//
// Thread safety: safe.
#pragma once

#include <google/protobuf/message.h>

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/privacy/v1/privacy.pb.h"

namespace belgrand::compliance {

// The personal and secret fields that an answer of this type may hold. What such a field holds
// itself is not looked at.
std::vector<const google::protobuf::FieldDescriptor*> PersonalFieldsOf(
    const google::protobuf::Descriptor& answer);

// Whether answers of the method are looked at: others than the project's own services may call it,
// and they may hold such a field. Names as FindMethodPolicy; false for an unknown one.
bool HasReaders(std::string_view full_method_name);

// Whether one with these roles may read the field when the call is for `purpose`.
bool MayRead(const google::protobuf::FieldDescriptor& field,
             std::span<const privacy::v1::Role> roles, privacy::v1::Purpose purpose);

class ReadLimit {
 public:
  ReadLimit(const google::protobuf::Descriptor& answer, std::span<const privacy::v1::Role> roles,
            privacy::v1::Purpose purpose);

  // The answer without what the reader may not see, and the full names of what was left out; null,
  // and no names, where it holds nothing of that kind.
  std::unique_ptr<google::protobuf::Message> Reduced(const google::protobuf::Message& answer,
                                                     std::set<std::string>& left_out) const;

 private:
  using Field = const google::protobuf::FieldDescriptor*;
  struct Part {
    std::vector<Field> hidden;
    // Messages that hold such a field, or lead to one.
    std::vector<Field> leads;
  };
  bool Touches(const google::protobuf::Message& message) const;
  void Reduce(google::protobuf::Message& message, std::set<std::string>& left_out) const;

  // By message type; only those that matter.
  std::map<const google::protobuf::Descriptor*, Part> parts_;
};

}  // namespace belgrand::compliance
