#include "platform/workbook/xml.h"

#include <expat.h>

#include <algorithm>
#include <memory>
#include <type_traits>

namespace belgrand::workbook {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 20;
constexpr std::size_t kMaxDepth = 64;

struct State {
  XML_Parser parser;
  XmlHandler& handler;
  base::Status status;
  std::size_t depth = 0;

  void Keep(base::Status result) {
    if (result.ok() || !status.ok()) return;
    status = std::move(result);
    XML_StopParser(parser, XML_FALSE);
  }
};

std::string_view LocalName(const char* name) {
  const std::string_view text(name);
  return text.substr(text.find(':') + 1);
}

State& Of(void* data) { return *static_cast<State*>(data); }

void OnStart(void* data, const char* name, const char** pairs) {
  State& state = Of(data);
  if (!state.status.ok()) return;
  if (++state.depth > kMaxDepth) {
    state.Keep(base::InvalidArgument("elements lie more than {} deep", kMaxDepth));
    return;
  }
  Attributes attributes;
  for (; *pairs != nullptr; pairs += 2) attributes.emplace(LocalName(pairs[0]), pairs[1]);
  state.Keep(state.handler.Start(LocalName(name), attributes));
}

void OnEnd(void* data, const char* name) {
  State& state = Of(data);
  if (!state.status.ok()) return;
  --state.depth;
  state.Keep(state.handler.End(LocalName(name)));
}

void OnText(void* data, const char* text, int length) {
  State& state = Of(data);
  if (!state.status.ok()) return;
  state.Keep(state.handler.Text(std::string_view(text, static_cast<std::size_t>(length))));
}

void OnDoctype(void* data, const char*, const char*, const char*, int) {
  Of(data).Keep(base::InvalidArgument("a document type declaration is not taken"));
}

}  // namespace

base::Status ReadXml(std::string_view part, std::string_view document, XmlHandler& handler) {
  const std::unique_ptr<std::remove_pointer_t<XML_Parser>, decltype(&XML_ParserFree)> parser(
      XML_ParserCreate(nullptr), &XML_ParserFree);
  State state{.parser = parser.get(), .handler = handler, .status = base::OkStatus()};
  XML_SetUserData(parser.get(), &state);
  XML_SetElementHandler(parser.get(), OnStart, OnEnd);
  XML_SetCharacterDataHandler(parser.get(), OnText);
  XML_SetStartDoctypeDeclHandler(parser.get(), OnDoctype);
  bool last = false;
  while (!last) {
    const std::string_view chunk = document.substr(0, std::min(kChunk, document.size()));
    document.remove_prefix(chunk.size());
    last = document.empty();
    const XML_Status result =
        XML_Parse(parser.get(), chunk.data(), static_cast<int>(chunk.size()), last ? 1 : 0);
    if (!state.status.ok()) return base::Annotate(state.status, part);
    if (result == XML_STATUS_OK) continue;
    return base::InvalidArgument("{}: line {}: {}", part, XML_GetCurrentLineNumber(parser.get()),
                                 XML_ErrorString(XML_GetErrorCode(parser.get())));
  }
  return base::OkStatus();
}

}  // namespace belgrand::workbook
