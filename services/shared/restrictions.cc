#include "services/shared/restrictions.h"

#include <cctype>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "compliance/erasure_ledger.h"
#include "compliance/policy.h"
#include "compliance/sealed_field.h"
#include "platform/crypto/secret.h"

namespace belgrand::shared {
namespace {

namespace pb = google::protobuf;
using privacy::v1::Category;
using storage::v1::RestrictionsRecord;

constexpr std::size_t kDigestBytes = 32;
// Shorter names occur by chance in what has nothing to do with anybody.
constexpr std::uint32_t kMinNameInText = 4;

bool IsWordByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || std::isalnum(byte) != 0;
}

bool IsText(const pb::FieldDescriptor& field) {
  return field.cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING && !field.is_repeated();
}

bool IsName(Category category) {
  return category == privacy::v1::IDENTITY || category == privacy::v1::CONTACT;
}

}  // namespace

// Immutable, so that it is read without a lock.
struct Restrictions::State {
  crypto::Key256 key;
  std::set<std::string, std::less<>> references;
  std::set<std::string, std::less<>> digests;
  std::set<std::int32_t> subjects;
  // Subject, laboratory and length of each name: what to look for in texts.
  std::set<std::tuple<std::int32_t, std::string, std::uint32_t>> in_texts;

  static base::StatusOr<std::shared_ptr<const State>> Make(const RestrictionsRecord& record) {
    auto state = std::make_shared<State>();
    if (record.persons().empty()) return std::shared_ptr<const State>(state);
    ASSIGN_OR_RETURN(state->key, crypto::Key256::FromBytes(record.name_key()));
    for (const RestrictionsRecord::Person& person : record.persons()) {
      if ((!person.subject_ref().empty() &&
           person.subject_ref().size() != compliance::kSubjectRefBytes) ||
          person.name_digest().size() != kDigestBytes) {
        return base::InvalidArgument("a restricted person needs a digest of {} bytes",
                                     kDigestBytes);
      }
      if (!person.subject_ref().empty()) state->references.insert(person.subject_ref());
      state->digests.insert(person.name_digest());
      state->subjects.insert(person.subject());
      if (person.name_bytes() >= kMinNameInText) {
        state->in_texts.emplace(person.subject(), person.tenant(), person.name_bytes());
      }
    }
    return std::shared_ptr<const State>(state);
  }

  bool Sealed(std::string_view sealed) const {
    return sealed.size() >= compliance::kSealedOverheadBytes &&
           references.contains(sealed.substr(1, compliance::kSubjectRefBytes));
  }
  bool Named(std::int32_t subject, std::string_view tenant, std::string_view name) const {
    return !name.empty() && subjects.contains(subject) &&
           digests.contains(compliance::NameDigest(key, subject, tenant, name));
  }
  bool Mentioned(std::string_view tenant, std::string_view text) const {
    for (const auto& [subject, laboratory, length] : in_texts) {
      if (laboratory != tenant) continue;
      for (std::size_t at = 0; at + length <= text.size(); ++at) {
        const std::size_t end = at + length;
        const bool words = (at == 0 || !IsWordByte(text[at - 1])) &&
                           (end == text.size() || !IsWordByte(text[end]));
        if (words && Named(subject, tenant, text.substr(at, length))) return true;
      }
    }
    return false;
  }
};

// One walk through a message.
class Restrictions::Pass {
 public:
  Pass(const State& state, std::string_view tenant) : state_(state), tenant_(tenant) {}

  void Walk(pb::Message& message) const {
    const pb::Reflection& reflection = *message.GetReflection();
    std::vector<const pb::FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);
    std::set<privacy::v1::Subject> theirs;
    for (const pb::FieldDescriptor* field : fields) {
      const privacy::v1::FieldPolicy& policy = compliance::FieldPolicyOf(*field);
      if (!IsName(policy.category()) || !IsText(*field)) continue;
      const std::string value = reflection.GetString(message, field);
      const bool sealed = field->type() == pb::FieldDescriptor::TYPE_BYTES;
      if (sealed ? !state_.Sealed(value) : !state_.Named(policy.subject(), "", value)) continue;
      theirs.insert(policy.subject());
      reflection.SetString(&message, field, sealed ? std::string() : std::string(kWithheldText));
    }
    for (const pb::FieldDescriptor* field : fields) Descend(message, *field, theirs);
  }

 private:
  void Descend(pb::Message& message, const pb::FieldDescriptor& field,
               const std::set<privacy::v1::Subject>& theirs) const {
    const pb::Reflection& reflection = *message.GetReflection();
    const privacy::v1::FieldPolicy& policy = compliance::FieldPolicyOf(field);
    if (policy.category() == privacy::v1::FREE_TEXT && IsText(field)) {
      if (theirs.contains(policy.subject()) ||
          state_.Mentioned(tenant_, reflection.GetString(message, &field))) {
        reflection.SetString(&message, &field, std::string(kWithheldText));
      }
    } else if (field.message_type() != nullptr && policy.category() == privacy::v1::COMPOSITE) {
      if (!field.is_repeated()) {
        Walk(*reflection.MutableMessage(&message, &field));
        return;
      }
      for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
        Walk(*reflection.MutableRepeatedMessage(&message, &field, i));
      }
    }
  }

  const State& state_;
  const std::string_view tenant_;
};

Restrictions::Restrictions() : state_(std::make_shared<State>()) {}
Restrictions::~Restrictions() = default;

std::shared_ptr<const Restrictions::State> Restrictions::state() const {
  const base::MutexLock lock(mutex_);
  return state_;
}

base::Status Restrictions::Load(const std::optional<std::string>& stored) {
  RestrictionsRecord record;
  if (stored && !record.ParseFromString(*stored)) {
    return base::DataLoss("the record of restricted persons is damaged: restore a backup");
  }
  return Replace(record, [](std::string_view) { return base::OkStatus(); });
}

base::Status Restrictions::Replace(const RestrictionsRecord& record,
                                   const std::function<base::Status(std::string_view)>& save) {
  const base::MutexLock one_at_a_time(replacing_);
  std::string bytes = record.persons().empty() ? std::string() : record.SerializeAsString();
  {
    const base::MutexLock lock(mutex_);
    if (bytes == bytes_) return base::OkStatus();
  }
  ASSIGN_OR_RETURN(auto state, State::Make(record));
  RETURN_IF_ERROR(save(bytes));
  const base::MutexLock lock(mutex_);
  state_ = std::move(state);
  bytes_ = std::move(bytes);
  any_.store(!record.persons().empty(), std::memory_order_release);
  return base::OkStatus();
}

bool Restrictions::Sealed(std::string_view sealed) const {
  return any() && state()->Sealed(sealed);
}

void Restrictions::Withhold(pb::Message& message, std::string_view tenant) const {
  if (!any()) return;
  const std::shared_ptr<const State> now = state();
  Pass(*now, tenant).Walk(message);
}

}  // namespace belgrand::shared
