#include "platform/base/html.h"

#include <gtest/gtest.h>

namespace belgrand::base {
namespace {

TEST(HtmlTest, EscapesWhatEndsATextOrAnAttribute) {
  EXPECT_EQ(EscapeHtml("<a href=\"x\">Tom & 'Jerry'</a>"),
            "&lt;a href=&quot;x&quot;&gt;Tom &amp; &#39;Jerry&#39;&lt;/a&gt;");
}

}  // namespace
}  // namespace belgrand::base
