// What the compliance role shows a laboratory of orders: its own, and of no other even that they
// exist; and whom the list of identities names.
#include <gmock/gmock.h>

#include "belgrand/compliance/v1/identity.grpc.pb.h"
#include "belgrand/compliance/v1/rights.grpc.pb.h"
#include "compliance/policy.h"
#include "platform/rpc/call_headers.h"
#include "services/shared/guard.h"
#include "tests/unit/services/compliance_fixture.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::_;

using Rights = v1::RightsService::Stub;
using Identities = v1::IdentityService::Stub;

class RightsScopeTest : public testing::ComplianceFixture {
 protected:
  void SetUp() override {
    access_.set_tokens(true);
    Begin();
    whole_ = v1::RightsService::NewStub(server_->InProcessChannel());
    Restrict(privacy::v1::LAB_STAFF, "lab-a", "J. Snow");
    Restrict(privacy::v1::LAB_STAFF, "lab-b", "W. Farr");
  }

  template <typename Service, typename Request, typename Response>
  static base::Status Ask(Service& stub,
                          grpc::Status (Service::*method)(grpc::ClientContext*, const Request&,
                                                          Response*),
                          const Request& request, Response* response) {
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(30));
    return rpc::FromGrpc((stub.*method)(&context, request, response));
  }
  void Restrict(privacy::v1::Subject subject, const std::string& tenant, const std::string& name) {
    v1::OpenCaseRequest request;
    request.set_kind(v1::RESTRICTION);
    request.mutable_person()->set_subject(subject);
    request.mutable_person()->set_tenant(tenant);
    request.mutable_person()->set_value(name);
    v1::OpenCaseResponse response;
    ASSERT_OK(Ask(*whole_, &Rights::OpenCase, request, &response));
  }
  static std::string PurposeOf(privacy::v1::Role role) {
    for (int purpose = 1;; ++purpose) {
      const auto one = static_cast<privacy::v1::Purpose>(purpose);
      if (MayClaim(role, one) && one != privacy::v1::SURVEILLANCE) return PurposeName(one);
    }
  }
  std::unique_ptr<Rights> As(privacy::v1::Role role, const v1::AccessScope& scope) {
    v1::CreateIdentityRequest request;
    request.set_kind(v1::Identity::TOKEN);
    request.set_owner("A. Nyone");
    request.set_role(role);
    *request.mutable_scope() = scope;
    v1::CreateIdentityResponse response;
    const auto identities = v1::IdentityService::NewStub(server_->InProcessChannel());
    EXPECT_OK(Ask(*identities, &Identities::CreateIdentity, request, &response));
    auto channel =
        rpc::OpenChannelWithHeaders("127.0.0.1:" + std::to_string(server_->port()), std::nullopt,
                                    {{"authorization", "Bearer " + response.token()},
                                     {shared::kPurposeHeader, PurposeOf(role)}});
    EXPECT_OK(channel);
    return v1::RightsService::NewStub(*channel);
  }
  static v1::AccessScope Laboratory(const std::string& id) {
    v1::AccessScope scope;
    scope.add_laboratory_ids(id);
    return scope;
  }
  // Their laboratories.
  static base::StatusOr<std::vector<std::string>> Orders(Rights& stub,
                                                         const std::string& laboratory = "") {
    v1::ListOrdersRequest request;
    request.set_laboratory_id(laboratory);
    v1::ListOrdersResponse response;
    RETURN_IF_ERROR(Ask(stub, &Rights::ListOrders, request, &response));
    std::vector<std::string> laboratories;
    for (const auto& order : response.orders()) laboratories.push_back(order.laboratory_id());
    return laboratories;
  }
  std::string OrderOf(const std::string& laboratory) {
    v1::ListOrdersRequest request;
    request.set_laboratory_id(laboratory);
    v1::ListOrdersResponse response;
    EXPECT_OK(Ask(*whole_, &Rights::ListOrders, request, &response));
    return response.orders(0).order_id();
  }
  static base::StatusOr<v1::Order> Acknowledge(Rights& stub, const std::string& id) {
    v1::AcknowledgeOrderRequest request;
    request.set_order_id(id);
    v1::AcknowledgeOrderResponse response;
    RETURN_IF_ERROR(Ask(stub, &Rights::AcknowledgeOrder, request, &response));
    return response.acknowledged();
  }

  std::unique_ptr<Rights> whole_;
};

using Names = std::vector<std::string>;

TEST_F(RightsScopeTest, ALaboratorySeesAndAcknowledgesItsOwnOrdersAlone) {
  const auto lab_a = As(privacy::v1::LABORATORY, Laboratory("lab-a"));
  EXPECT_EQ(Orders(*lab_a).value(), Names{"lab-a"});
  EXPECT_EQ(Orders(*lab_a, "lab-a").value(), Names{"lab-a"});
  EXPECT_EQ(Orders(*whole_).value(), (Names{"lab-a", "lab-b"}));
  // Of another, and of one that does not exist: the same words.
  const base::Status other = Orders(*lab_a, "lab-b").status();
  const base::Status nowhere = Orders(*lab_a, "lab-x").status();
  EXPECT_EQ(other.code(), base::StatusCode::kNotFound);
  EXPECT_EQ(nowhere.code(), base::StatusCode::kNotFound);
  EXPECT_EQ(other.message().find("lab-b"), nowhere.message().find("lab-x"));
  const std::string foreign = OrderOf("lab-b");
  const std::string none(32, 'a');
  const base::Status refused = Acknowledge(*lab_a, foreign).status();
  const base::Status missing = Acknowledge(*lab_a, none).status();
  EXPECT_EQ(refused.code(), base::StatusCode::kNotFound);
  EXPECT_EQ(missing.code(), base::StatusCode::kNotFound);
  EXPECT_EQ(std::string(refused.message()).replace(refused.message().find(foreign), 32, none),
            missing.message());
  bool denied = false;
  for (const auto& entry : Read(0, 200)) {
    denied |= entry.decision() == v1::DENIED && entry.method().ends_with(".AcknowledgeOrder");
  }
  EXPECT_TRUE(denied) << "the refusal is in the audit log";
  const auto done = Acknowledge(*lab_a, OrderOf("lab-a"));
  ASSERT_OK(done);
  EXPECT_EQ(done->name(), "");
  EXPECT_FALSE(Orders(*As(privacy::v1::LABORATORY, Laboratory("lab-c")))->size());
}

TEST_F(RightsScopeTest, NobodyElseSeesOrders) {
  v1::AccessScope district;
  district.add_district_ids("north");
  const auto denied = StatusIs(base::StatusCode::kPermissionDenied, _);
  EXPECT_THAT(Orders(*As(privacy::v1::HEALTH_OFFICIAL, district)), denied);
  EXPECT_THAT(Orders(*As(privacy::v1::SERVICE_OPERATOR, district)), denied);
  // An officer of one district is not one of every laboratory.
  const auto officer = As(privacy::v1::DATA_PROTECTION_OFFICER, district);
  EXPECT_EQ(Orders(*officer).value(), Names());
  EXPECT_THAT(Acknowledge(*officer, OrderOf("lab-a")), denied);
  v1::ListCasesResponse cases;
  EXPECT_THAT(Ask(*officer, &Rights::ListCases, v1::ListCasesRequest(), &cases), denied);
}

TEST_F(RightsScopeTest, WhoIsRestrictedIsNotNamedByTheListOfIdentities) {
  const auto identities = v1::IdentityService::NewStub(server_->InProcessChannel());
  const auto owner = [&] {
    v1::ListIdentitiesResponse response;
    EXPECT_OK(
        Ask(*identities, &Identities::ListIdentities, v1::ListIdentitiesRequest(), &response));
    return response.identities_size() == 1 ? response.identities(0).owner() : "";
  };
  As(privacy::v1::LABORATORY, Laboratory("lab-a"));
  EXPECT_EQ(owner(), "A. Nyone");
  Restrict(privacy::v1::LAB_STAFF, "lab-b", "A. Nyone");
  EXPECT_EQ(owner(), "A. Nyone") << "of another laboratory";
  Restrict(privacy::v1::OPERATOR, "", "A. Nyone");
  EXPECT_EQ(owner(), "(restricted)");
  Restart();
  const auto again = v1::IdentityService::NewStub(server_->InProcessChannel());
  v1::ListIdentitiesResponse response;
  ASSERT_OK(Ask(*again, &Identities::ListIdentities, v1::ListIdentitiesRequest(), &response));
  EXPECT_EQ(response.identities(0).owner(), "(restricted)");
}

}  // namespace
}  // namespace belgrand::compliance
