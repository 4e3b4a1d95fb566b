// What a process says when it is asked for a role that it does not serve.
#include "services/cli/absent_services.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "belgrand/ingest/v1/ingest.grpc.pb.h"
#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/server.h"
#include "tests/support/status_matchers.h"

namespace belgrand::cli {
namespace {

using shared::RoleName;
using ::testing::HasSubstr;

// By the lines of the .proto files, so that a service that is added cannot be forgotten.
std::set<std::string> DeclaredServices() {
  std::set<std::string> names;
  const char* const source = std::getenv("BELGRAND_SOURCE_DIR");
  const std::filesystem::path proto =
      std::filesystem::path(source == nullptr ? "." : source) / "proto" / "belgrand";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(proto)) {
    std::ifstream in(entry.path());
    std::string package;
    for (std::string line; entry.path().extension() == ".proto" && std::getline(in, line);) {
      const auto word = [&](std::string_view before, char end) {
        return line.substr(before.size(), line.find(end, before.size()) - before.size());
      };
      if (line.starts_with("package ")) package = word("package ", ';');
      if (line.starts_with("service ")) names.insert(package + "." + word("service ", ' '));
    }
  }
  return names;
}

TEST(AbsentServicesTest, EveryServiceOfTheContractHasARole) {
  std::set<std::string> known = {"belgrand.operations.v1.OperationsService"};
  for (const RoleService& service : RoleServices()) known.emplace(service.service);
  EXPECT_EQ(known, DeclaredServices()) << "absent_services.cc: Files, RoleOf";
}

TEST(AbsentServicesTest, NothingIsAbsentWhereEveryRoleIsServed) {
  EXPECT_TRUE(AbsentServices({shared::kAllRoles.begin(), shared::kAllRoles.end()}).empty());
  for (const RoleService& service : RoleServices()) {
    if (service.service == "belgrand.compliance.v1.TimeseriesPersonsService") {
      EXPECT_EQ(service.role, RoleName::kTimeseries);
    }
  }
}

TEST(AbsentServicesTest, AnyCallIsToldWhichRoleToAsk) {
  const auto absent = AbsentServices({RoleName::kTimeseries});
  rpc::ServerOptions options;
  options.listen = "127.0.0.1:0";
  for (const auto& service : absent) options.services.push_back(service.get());
  const auto server = rpc::Server::Create(options);
  ASSERT_OK(server);
  const auto channel =
      rpc::OpenChannel(fmt::format("127.0.0.1:{}", (*server)->port()), std::nullopt);
  ASSERT_OK(channel);
  const auto expect_told = [](const grpc::Status& status, const char* text) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
    EXPECT_THAT(status.error_message(), HasSubstr(text));
    EXPECT_THAT(status.error_message(), HasSubstr("ask the address"));
  };
  const auto alerts = alerting::v1::AlertingService::NewStub(*channel);
  {
    grpc::ClientContext context;
    alerting::v1::ListAlertsResponse response;
    expect_told(alerts->ListAlerts(&context, {}, &response),
                "does not serve belgrand.alerting.v1.AlertingService: it is served by the role "
                "alerting");
  }
  {
    grpc::ClientContext context;
    const auto stream = ingest::v1::IngestService::NewStub(*channel)->StreamSamples(&context);
    stream->Write({});
    stream->WritesDone();
    expect_told(stream->Finish(), "served by the role ingest");
  }
  {
    grpc::ClientContext context;
    timeseries::v1::ListSitesResponse response;
    const grpc::Status status =
        timeseries::v1::SiteService::NewStub(*channel)->ListSites(&context, {}, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
    EXPECT_EQ(status.error_message(), "") << "a served role answers for itself";
  }
}

}  // namespace
}  // namespace belgrand::cli
