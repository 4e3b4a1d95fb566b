// The audit log and its witnesses over real HTTP: cosignatures, proofs, pages for monitors, and the
// log that was put back to an older copy.
#include <fstream>

#include "compliance/tlog_proof.h"
#include "compliance/witness.h"
#include "platform/base/file.h"
#include "platform/http/client.h"
#include "platform/http/server.h"
#include "platform/rpc/channel.h"
#include "services/compliance/log_pages.h"
#include "services/compliance/witness_role.h"
#include "tests/unit/services/compliance_fixture.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// The witness role behind its own HTTP server, in a directory of its own.
class RunningWitness {
 public:
  RunningWitness(const std::filesystem::path& directory, const std::string& name,
                 const std::string& log_key, const base::Clock& clock)
      : guard_(clock, metrics_, peers_) {
    config::v1::Config config;
    config.mutable_witness()->set_name(name);
    config.mutable_witness()->add_log_verifier_keys(log_key);
    auto role = CreateWitnessRole(config, {clock, metrics_, peers_, guard_, directory});
    EXPECT_OK(role);
    role_ = *std::move(role);
    EXPECT_OK(role_->Start());
    auto server =
        http::Server::Start("127.0.0.1:0", std::nullopt, {}, nullptr, role_->http_routes());
    EXPECT_OK(server);
    server_ = *std::move(server);
    key_ = base::ReadFile(directory / "witness/witness.vkey").value();
    key_.pop_back();
  }

  config::v1::AuditWitness Config() const {
    config::v1::AuditWitness config;
    config.set_url(fmt::format("http://127.0.0.1:{}/witness", server_->port()));
    config.set_verifier_key(key_);
    return config;
  }
  NoteVerifier verifier() const { return NoteVerifier::Parse(key_).value(); }
  std::string metrics() { return metrics_.Text(); }
  void StopAnswering() { server_.reset(); }

 private:
  metrics::Registry metrics_;
  shared::Peers peers_;
  shared::Guard guard_;
  std::unique_ptr<shared::Role> role_;
  std::unique_ptr<http::Server> server_;
  std::string key_;
};

class ComplianceWitnessTest : public testing::ComplianceFixture {
 protected:
  // A first start makes the log's key; then the witness that knows it, and a start with it.
  void SetUp() override {
    Begin();
    End();
    log_key_ = base::ReadFile(log_directory() / kVerifierKeyFile).value();
    log_key_.pop_back();
    witness_ = std::make_unique<RunningWitness>(dir_.path() / "w1", "witness.example/w1", log_key_,
                                                clock_);
    witnesses_ = {witness_->Config()};
    Begin();
  }

  NoteVerifier LogKey() const { return NoteVerifier::Parse(log_key_).value(); }

  v1::GetCheckpointResponse Checkpoints() {
    v1::GetCheckpointResponse response;
    EXPECT_OK(Call(&Stub::GetCheckpoint, v1::GetCheckpointRequest(), &response));
    return response;
  }

  base::StatusOr<OpenedCheckpoint> Cosigned() {
    return OpenCheckpoint(Checkpoints().cosigned_checkpoint(), LogKey(),
                          std::vector<NoteVerifier>{witness_->verifier()});
  }

  // What Begin does, for a start that is to be refused.
  base::Status TryBegin() {
    config::v1::Config config;
    config.set_data_dir((dir_.path() / "data").string());
    config.mutable_compliance()->set_keyring_dir((dir_.path() / "keys").string());
    for (const auto& witness : witnesses_) *config.mutable_compliance()->add_witnesses() = witness;
    config = shared::WithDefaults(config);
    // Nobody answers there: the server of the fixture has ended.
    shared::Peers peers;
    for (const auto name : shared::kAllRoles) {
      peers.Set(name, rpc::OpenChannel("localhost:1", std::nullopt).value());
    }
    shared::Guard guard(clock_, metrics_, peers);
    auto role = CreateComplianceRole(config, {clock_, metrics_, peers, guard, config.data_dir()});
    return role.ok() ? (*role)->Start() : role.status();
  }

  void CopyData(const std::string& from, const std::string& to) {
    std::filesystem::remove_all(dir_.path() / to);
    std::filesystem::copy(dir_.path() / from, dir_.path() / to,
                          std::filesystem::copy_options::recursive);
  }

  std::string log_key_;
  std::unique_ptr<RunningWitness> witness_;
};

TEST_F(ComplianceWitnessTest, AWitnessCosignsAtEveryStart) {
  const auto cosigned = Cosigned();
  ASSERT_OK(cosigned);
  ASSERT_THAT(cosigned->cosignatures, SizeIs(1));
  EXPECT_EQ(CosignatureTime(cosigned->cosignatures[0]),
            static_cast<std::uint64_t>(base::ToMicros(clock_.Now()) / 1'000'000));
  EXPECT_EQ(cosigned->checkpoint.size, 2U) << "the entries of both starts";
  ASSERT_OK(Append("service:ingest", "m"));
  Restart();
  EXPECT_EQ(Cosigned()->checkpoint.size, 4U);
  EXPECT_THAT(metrics_.Text(), HasSubstr("belgrand_compliance_cosigned_age_seconds"));
  EXPECT_THAT(witness_->metrics(), HasSubstr("outcome=\"cosigned\"} 2"));
}

TEST_F(ComplianceWitnessTest, ProvesAnEntryThatAnybodyCanCheck) {
  ASSERT_OK(Append("official:x", "first"));
  ASSERT_OK(Append("official:x", "second"));
  Restart();
  for (const std::uint64_t index : {0U, 1U, 3U, 4U, 5U}) {  // 5: not cosigned yet
    v1::ProveAuditEntryRequest request;
    request.set_index(index);
    v1::ProveAuditEntryResponse response;
    ASSERT_OK(Call(&Stub::ProveAuditEntry, request, &response));
    const auto proof = ParseTlogProof(response.proof());
    ASSERT_OK(proof);
    EXPECT_EQ(proof->index, index);
    const auto opened = VerifyTlogProof(*proof, response.entry(), LogKey(),
                                        std::vector<NoteVerifier>{witness_->verifier()});
    ASSERT_OK(opened);
    EXPECT_THAT(opened->cosignatures, SizeIs(index < 5 ? 1 : 0));
    EXPECT_FALSE(VerifyTlogProof(*proof, response.entry() + "x", LogKey(), {}).ok());
  }
  const auto last = Read(5, 10);
  ASSERT_FALSE(last.empty());
  EXPECT_EQ(last[0].method(), "belgrand.compliance.v1.ComplianceService.ProveAuditEntry")
      << "proving shows an entry, so it is logged";
  v1::ProveAuditEntryRequest request;
  request.set_index(100);
  v1::ProveAuditEntryResponse response;
  EXPECT_THAT(Call(&Stub::ProveAuditEntry, request, &response),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("100")));
}

TEST_F(ComplianceWitnessTest, ProvesThatItOnlyGrew) {
  const auto old = OpenCheckpoint(Checkpoints().checkpoint(), LogKey());
  ASSERT_OK(old);
  for (int i = 0; i < 20; ++i) ASSERT_OK(Append("official:x", "m"));
  v1::ProveAuditConsistencyRequest request;
  request.set_old_size(old->checkpoint.size);
  v1::ProveAuditConsistencyResponse response;
  ASSERT_OK(Call(&Stub::ProveAuditConsistency, request, &response));
  const auto proof = ParseAddCheckpoint(response.proof());
  ASSERT_OK(proof);
  const auto grown = VerifyGrowth(*proof, old->checkpoint, LogKey(), {});
  ASSERT_OK(grown);
  EXPECT_EQ(grown->checkpoint.size, old->checkpoint.size + 20);
  for (const std::uint64_t bad : {std::uint64_t{0}, std::uint64_t{1000}}) {
    request.set_old_size(bad);
    EXPECT_THAT(Call(&Stub::ProveAuditConsistency, request, &response),
                StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("old_size")));
  }
}

TEST_F(ComplianceWitnessTest, ALogPutBackToAnOlderCopyDoesNotStart) {
  End();
  CopyData("data", "older");
  Begin();
  for (int i = 0; i < 5; ++i) ASSERT_OK(Append("official:x", "m"));
  Restart();  // the witness sees them
  End();
  CopyData("data", "newer");
  CopyData("older", "data");
  const auto refused =
      StatusIs(base::StatusCode::kDataLoss, AllOf(HasSubstr("older copy"), HasSubstr("has ")));
  EXPECT_THAT(TryBegin(), refused) << "by the file beside the keyring";
  std::filesystem::remove(dir_.path() / "keys" / kAnchorFile);
  EXPECT_THAT(TryBegin(), refused) << "by the witness";
  witness_->StopAnswering();
  EXPECT_OK(TryBegin()) << "with neither nobody can know";
  CopyData("newer", "data");
  Begin();
}

TEST_F(ComplianceWitnessTest, ALogThatWasRewrittenAtTheSameSizeDoesNotStart) {
  End();
  CopyData("data", "older");
  Begin();
  ASSERT_OK(Append("official:x", "what happened"));
  Restart();
  End();
  CopyData("older", "data");
  std::filesystem::rename(dir_.path() / "keys" / kAnchorFile, dir_.path() / "anchor");
  const auto witnesses = std::exchange(witnesses_, {});
  Begin();
  for (int i = 0; i < 9; ++i) ASSERT_OK(Append("official:x", "what did not"));
  End();
  witnesses_ = witnesses;
  EXPECT_THAT(TryBegin(), StatusIs(base::StatusCode::kDataLoss, HasSubstr("witness.example/w1")));
  std::filesystem::rename(dir_.path() / "anchor", dir_.path() / "keys" / kAnchorFile);
  witnesses_.clear();
  EXPECT_THAT(TryBegin(), StatusIs(base::StatusCode::kDataLoss, HasSubstr("rewritten")));
  std::filesystem::remove(dir_.path() / "keys" / kAnchorFile);
  Begin();
}

TEST_F(ComplianceWitnessTest, AWitnessThatDoesNotAnswerStopsNothing) {
  witness_->StopAnswering();
  Restart();
  ASSERT_OK(Append("official:x", "m"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("outcome=\"unreachable\"}"));
  EXPECT_FALSE(Checkpoints().cosigned_checkpoint().empty()) << "the last one is kept";
}

TEST_F(ComplianceWitnessTest, ALyingWitnessCannotStopTheLog) {
  // Claims to know more entries than there are, and shows nothing the log signed.
  auto liar = http::Server::Start(
      "127.0.0.1:0", std::nullopt, {}, nullptr,
      {{http::Route::Method::kPost, "/witness/",
        [](const http::Request&) {
          return http::Response{409, "text/x.tlog.size", "999999\n"};
        }},
       {http::Route::Method::kGet, "/witness/", [](const http::Request&) {
          return http::Response{200, "text/plain", "belgrand.local/audit\n999999\nAAAA\n\n"};
        }}});
  ASSERT_OK(liar);
  End();
  witnesses_[0].set_url(fmt::format("http://127.0.0.1:{}/witness", (*liar)->port()));
  Begin();
  EXPECT_OK(Append("official:x", "m"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("outcome=\"contradiction\"}"));
}

TEST_F(ComplianceWitnessTest, ServesCheckpointAndHashTilesAndNoEntry) {
  for (int i = 0; i < 300; ++i) ASSERT_OK(Append("official:canary", "m"));
  Restart();
  auto server = http::Server::Start("127.0.0.1:0", std::nullopt, {}, nullptr, role_->http_routes());
  ASSERT_OK(server);
  const auto get = [&](const std::string& path) {
    return http::Get(fmt::format("http://127.0.0.1:{}/audit/{}", (*server)->port(), path), {})
        .value();
  };
  const http::Response checkpoint = get("checkpoint");
  EXPECT_EQ(checkpoint.content_type, "text/plain; charset=utf-8");
  EXPECT_THAT(checkpoint.cache_control, HasSubstr("max-age=5"));
  const auto opened =
      OpenCheckpoint(checkpoint.body, LogKey(), std::vector<NoteVerifier>{witness_->verifier()});
  ASSERT_OK(opened);
  EXPECT_THAT(opened->cosignatures, SizeIs(1));
  // A monitor recomputes the signed root from what is served.
  const std::uint64_t size = opened->checkpoint.size;
  ASSERT_GT(size, 256U);
  Frontier frontier;
  for (const std::string& path :
       {std::string("tile/0/000"), fmt::format("tile/0/001.p/{}", size - 256)}) {
    const http::Response tile = get(path);
    ASSERT_EQ(tile.code, 200) << path;
    EXPECT_EQ(tile.content_type, "application/octet-stream");
    EXPECT_THAT(tile.cache_control, HasSubstr("immutable"));
    for (std::size_t at = 0; at < tile.body.size(); at += sizeof(Hash)) {
      Hash hash;
      std::copy_n(tile.body.begin() + static_cast<std::ptrdiff_t>(at), sizeof(Hash), hash.begin());
      frontier.Append(hash);
    }
  }
  EXPECT_EQ(frontier.size(), size);
  EXPECT_EQ(frontier.Root(), opened->checkpoint.root);
  EXPECT_EQ(get("tile/1/000.p/1").code, 200);

  EXPECT_FALSE(EntriesArePublic()) << "the schema calls actor_ref SUBJECT_ID";
  EXPECT_EQ(get("tile/entries/000").code, 403);
  EXPECT_EQ(get("tile/entries/001.p/3").code, 403);
  for (const char* none : {"", "tile/0/009", "tile/0/../000", "log.seed", "tile/0/0", "..",
                           "%2e%2e/audit_log.seed", "tile/9/000"}) {
    EXPECT_EQ(get(none).code, 404) << none;
  }
}

TEST_F(ComplianceWitnessTest, TheWitnessRoleRefusesItsRecordsWithoutTheirKey) {
  witness_.reset();
  const std::filesystem::path seed = dir_.path() / "w1/witness/seed";
  std::filesystem::rename(seed, dir_.path() / "kept");
  config::v1::Config config;
  config.mutable_witness()->set_name("witness.example/w1");
  config.mutable_witness()->add_log_verifier_keys(log_key_);
  const auto create = [&] {
    return CreateWitnessRole(config, {clock_, metrics_, peers_, *guard_, dir_.path() / "w1"})
        .status();
  };
  EXPECT_THAT(create(), StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("seed")));
  std::filesystem::rename(dir_.path() / "kept", seed);
  config.mutable_witness()->set_name("witness.example/other");
  EXPECT_THAT(create(), StatusIs(base::StatusCode::kDataLoss, HasSubstr("record")));
  config.clear_witness();
  EXPECT_THAT(create(), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("witness")));
}

}  // namespace
}  // namespace belgrand::compliance
