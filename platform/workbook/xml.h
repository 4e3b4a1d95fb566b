// Reads an XML document element by element. Owns expat.
//
// Document type declarations are refused, and with them every entity that a document could define:
// no part of a workbook needs one. Names come without their namespace prefix.
//
// Thread safety: pure function.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::workbook {

using Attributes = std::map<std::string, std::string, std::less<>>;

class XmlHandler {
 public:
  virtual ~XmlHandler() = default;
  // An error ends the reading and is what ReadXml returns.
  virtual base::Status Start(std::string_view element, const Attributes& attributes) = 0;
  virtual base::Status End(std::string_view element) = 0;
  virtual base::Status Text(std::string_view text) = 0;
};

// InvalidArgument names `part` and the line where the document is not well formed.
base::Status ReadXml(std::string_view part, std::string_view document, XmlHandler& handler);

}  // namespace belgrand::workbook
