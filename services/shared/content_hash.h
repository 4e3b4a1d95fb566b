// What makes two sendings of a row the same content.
//
// SHA-256 over a canonical encoding that must never change: stored rows carry its result, and a
// resent row is recognised by it. A field that is added later stands in the encoding only where it
// has a value, so that rows without it keep their hash. docs/formats/content_hash.md defines the
// bytes; a golden test holds them.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "sample/sample.h"

namespace belgrand::shared {

// The persons stand in the hash by their random reference (empty: none), never by name: once the
// keyring has dropped a person, the hash says nothing about them.
std::string ContentHash(const sample::Measurement& measurement, std::string_view sampler_ref,
                        std::string_view analyst_ref, std::string_view comment = {});

// What stands for the content of a row that was taken back.
std::string VoidHash(std::string_view laboratory_id, std::string_view sample_id,
                     std::string_view target, std::string_view gene);

}  // namespace belgrand::shared
