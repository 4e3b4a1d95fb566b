// The rules every .proto file of the project keeps, as a function that can be tested with broken
// schemas.
//
// tests/lint/schema_test.cc runs it over the real schema and, to prove that it can fail, over
// copies of the schema with each annotation removed in turn.
//
// Rules, by the word that ends each problem line in brackets:
//   [category]   every field has a class; COMPOSITE exactly on messages of the project that are not
//                withheld as a whole; no map (a key could not carry its own class).
//   [subject]    stored IDENTITY, CONTACT, WORK_ACTIVITY, LOCATION_PRECISE, NETWORK_ID and
//                FREE_TEXT values name whom they are about; a subject stands on personal fields
//                only.
//   [encrypt]    only on personal text or bytes with a subject.
//   [record]     every message of belgrand.storage.v1 has (record) with activity and legal basis,
//                except one declared inside another, which is a part of it; others have none.
//   [retention]  durations parse; every clock field exists and is a single int64; retention stands
//                on stored messages only; stored IDENTITY, CONTACT and FREE_TEXT values have one,
//                their own or their record's.
//   [open type]  no Any, Struct, Value or ListValue in a stored message: they hide fields from the
//                rules.
//   [method]     every method names its roles and its audit level; one that shows personal data to
//                anybody but the project's own services is AUDITED.
//   [readers]    a personal or secret field of an answer to others names who may read it and what
//                for, each role with a purpose that it may have; no other field does.
//   [enum zero]  value 0 is called *_UNSPECIFIED.
//
// Thread safety: safe.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

namespace belgrand::compliance {

// Every problem of the files, "<full name>: what is wrong [rule]"; empty: none. Files may come from
// any pool. Never stops at the first.
std::vector<std::string> CheckSchema(
    const std::vector<const google::protobuf::FileDescriptor*>& files);

}  // namespace belgrand::compliance
