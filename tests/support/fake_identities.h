// The identities that compliance knows, in memory: for tests of roles that ask it.
#pragma once

#include <map>
#include <set>
#include <string>

#include "belgrand/compliance/v1/identity.grpc.pb.h"
#include "compliance/identity_book.h"
#include "platform/base/mutex.h"

namespace belgrand::testing {

class FakeIdentities final : public compliance::v1::IdentityService::Service {
 public:
  grpc::Status CheckCaller(grpc::ServerContext*, const compliance::v1::CheckCallerRequest* request,
                           compliance::v1::CheckCallerResponse* response) override {
    const base::MutexLock lock(mutex_);
    if (fail_) return {grpc::StatusCode::UNAVAILABLE, "starting"};
    std::string actor = request->certificate() + request->actor();
    if (!request->bearer().empty()) {
      const auto token = tokens_.find(request->bearer());
      if (token == tokens_.end()) return {grpc::StatusCode::UNAUTHENTICATED, "unknown token"};
      *response = token->second;
      actor = response->actor();
    } else {
      const auto colon = actor.find(':');
      response->set_actor(actor);
      response->set_role(compliance::ParseRoleWord(actor.substr(0, colon)));
      if (response->role() == privacy::v1::LABORATORY) {
        response->mutable_scope()->add_laboratory_ids(actor.substr(colon + 1));
      } else {
        response->mutable_scope()->set_everything(true);
      }
    }
    if (revoked_.contains(actor)) return {grpc::StatusCode::UNAUTHENTICATED, "revoked"};
    return grpc::Status::OK;
  }

  void AddToken(const std::string& token, compliance::v1::CheckCallerResponse caller) {
    const base::MutexLock lock(mutex_);
    tokens_[token] = std::move(caller);
  }
  void Revoke(const std::string& actor) {
    const base::MutexLock lock(mutex_);
    revoked_.insert(actor);
  }
  void Fail(bool fail) {
    const base::MutexLock lock(mutex_);
    fail_ = fail;
  }

 private:
  base::Mutex mutex_;
  std::map<std::string, compliance::v1::CheckCallerResponse> tokens_ GUARDED_BY(mutex_);
  std::set<std::string> revoked_ GUARDED_BY(mutex_);
  bool fail_ GUARDED_BY(mutex_) = false;
};

}  // namespace belgrand::testing
