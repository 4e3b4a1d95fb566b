// What the schema says about privacy, read from the descriptors.
//
// The annotations of proto/belgrand/privacy/v1/privacy.proto are options on fields, messages and
// methods; this is the only place that reads them, so that redaction, encryption, retention and
// access cannot disagree. Anything that is not annotated gets the strictest answer: a field without
// a class is withheld, a method without a policy is refused.
//
// Thread safety: safe. Cost: one hash lookup for a method after the first call, none for a field.
#pragma once

#include <google/protobuf/descriptor.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/privacy/v1/privacy.pb.h"

namespace belgrand::compliance {

// Every .proto file of the project, in the order of their names. Naming each of them here also
// keeps the linker from dropping those that a program does not use otherwise: a generated file that
// is not linked is not in DescriptorPool::generated_pool(). tests/lint/schema_test.cc compares the
// list with the folder.
const std::vector<const google::protobuf::FileDescriptor*>& SchemaFiles();

// Every message of `files`, nested ones included, map entries left out.
std::vector<const google::protobuf::Descriptor*> AllMessages(
    const std::vector<const google::protobuf::FileDescriptor*>& files);

// The annotation of a field; the default instance (category UNSPECIFIED) when there is none.
const privacy::v1::FieldPolicy& FieldPolicyOf(const google::protobuf::FieldDescriptor& field);
privacy::v1::Category CategoryOf(const google::protobuf::FieldDescriptor& field);
// nullptr when the message carries no (record).
const privacy::v1::RecordPolicy* RecordPolicyOf(const google::protobuf::Descriptor& message);

// A method that has a policy, and that policy, by its name on the wire,
// "/belgrand.ingest.v1.IngestService/SubmitSamples" (the leading slash may be absent), or in the
// schema, "belgrand.ingest.v1.IngestService.SubmitSamples". nullptr: unknown method, or one without
// (method): refuse the call. The health and reflection services of gRPC are not in this table.
const google::protobuf::MethodDescriptor* FindMethod(std::string_view full_method_name);
const privacy::v1::MethodPolicy* FindMethodPolicy(std::string_view full_method_name);
// Whether anybody but the project's own services may call it.
bool IsForOthers(const privacy::v1::MethodPolicy& policy);
// Whether `role` is among the policy's roles; false for a null policy or an unspecified role.
bool MayCall(const privacy::v1::MethodPolicy* policy, privacy::v1::Role role);

// Whether the policy names `purpose`; false for a null policy or an unspecified purpose.
bool MayServe(const privacy::v1::MethodPolicy* policy, privacy::v1::Purpose purpose);
// Whether a call of the role may be for the purpose: laboratories measure, officials watch and act,
// operators operate, only the data-protection officer asks for data protection.
bool MayClaim(privacy::v1::Role role, privacy::v1::Purpose purpose);
// The same of somebody with several roles, of which those count that may call the method.
bool MayClaim(const privacy::v1::MethodPolicy* policy, std::span<const privacy::v1::Role> roles,
              privacy::v1::Purpose purpose);
// The first purpose of the policy that one with these roles may claim; PURPOSE_UNSPECIFIED without
// one.
privacy::v1::Purpose OrdinaryPurpose(const privacy::v1::MethodPolicy* policy,
                                     std::span<const privacy::v1::Role> roles);
// As callers write it: "outbreak-response". Parsing gives PURPOSE_UNSPECIFIED for anything else.
std::string PurposeName(privacy::v1::Purpose purpose);
privacy::v1::Purpose ParsePurpose(std::string_view name);
// The names of the policy's purposes that one with these roles may claim, joined by ", ".
std::string PurposeNames(const privacy::v1::MethodPolicy& policy,
                         std::span<const privacy::v1::Role> roles);

// True for every class that says something about a person, references to a person and free text
// included, and for a field that was not classified. False for NOT_PERSONAL, COMPOSITE (its fields
// answer for themselves) and SECRET (a key is no personal datum, but see IsWithheld).
bool IsPersonal(privacy::v1::Category category);
// True for what must not appear in a log line, an error or a metric: personal values and secrets.
bool IsWithheld(privacy::v1::Category category);

}  // namespace belgrand::compliance
