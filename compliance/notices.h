// What persons are told of the processing (Art. 13 and 14 GDPR), computed from the register: one
// page for each kind of person the schema knows, and a poster for whoever lives or works upstream
// of a sampling point.
//
// What the law asks for and software cannot know is the controller's declaration; where it is
// missing the page says so, and is not fit to be handed out.
//
// Thread safety: pure functions. The same schema and declaration give the same bytes.
#pragma once

#include <cstdint>
#include <string>

#include "compliance/register.h"

namespace belgrand::compliance {

// Markdown. Purposes, bases, categories, recipients and durations of every stored field about
// `subject`; rights by the basis. NotFound: nothing about such a person is stored.
base::StatusOr<std::string> NoticeFor(privacy::v1::Subject subject, const Register& processing,
                                      const Declaration& declaration, Language language);

// Below so many persons no number of one sampling point is published alone (publication/rules.h).
std::string SitePoster(std::int64_t minimum_population, const Declaration& declaration,
                       Language language);

}  // namespace belgrand::compliance
