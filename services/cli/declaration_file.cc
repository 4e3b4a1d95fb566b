#include "services/cli/declaration_file.h"

#include "platform/base/file.h"

namespace belgrand::cli {

base::StatusOr<compliance::Declaration> LoadDeclaration(const std::string& path) {
  if (path.empty()) return compliance::Declaration{};
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path, compliance::kMaxDeclarationBytes));
  auto declaration = compliance::ParseDeclaration(text);
  if (!declaration.ok()) return base::Annotate(declaration.status(), path);
  return declaration;
}

}  // namespace belgrand::cli
