// Persons whose data a role goes on storing and shows to nobody (Article 18 of the GDPR).
//
// Told from the annotations of a message: where the schema says that a field is a name or contact
// and it is theirs, and where it says that a text was typed by one of their kind in the same
// message, readers get kWithheldText instead; so they do where a text mentions the name. Sealed
// names are left out. Names are known by keyed digests only, which the role keeps across restarts
// in its own database.
//
// Thread safety: safe. Costs one load while nobody is restricted.
#pragma once

#include <google/protobuf/message.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "belgrand/storage/v1/case_record.pb.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"

namespace belgrand::shared {

inline constexpr std::string_view kWithheldText = "(restricted)";

class Restrictions {
 public:
  Restrictions();
  ~Restrictions();

  // As the role's database has them; absent: nobody. DataLoss: damaged.
  base::Status Load(const std::optional<std::string>& stored);

  // Replaces them once `save` has the new bytes on disk; does nothing when they are the same.
  // InvalidArgument: a digest, reference or key of another length.
  base::Status Replace(const storage::v1::RestrictionsRecord& record,
                       const std::function<base::Status(std::string_view)>& save);

  bool any() const { return any_.load(std::memory_order_acquire); }
  // Whether a sealed value is of one of them.
  bool Sealed(std::string_view sealed) const;
  // Takes them out of what is about to be shown. `tenant`: the laboratory whose texts it holds;
  // empty: those of officials.
  void Withhold(google::protobuf::Message& message, std::string_view tenant = {}) const;

 private:
  struct State;
  class Pass;

  std::shared_ptr<const State> state() const;

  base::Mutex replacing_;
  mutable base::Mutex mutex_;
  std::shared_ptr<const State> state_ GUARDED_BY(mutex_);
  std::string bytes_ GUARDED_BY(mutex_);
  std::atomic<bool> any_ = false;
};

}  // namespace belgrand::shared
