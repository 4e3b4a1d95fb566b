// The steps of delivering one alert, and the system call at which each begins or ends: there
// tests/support/fault_shim.cc kills the process when a test asks for it. Nothing of this is in the
// program: what is killed is the binary that people run. docs/delivery.md shows the same table.
//
// Texts are of what is written: a log record of the store holds the result that a delivery is saved
// with, and a mail is spoken in plain words where no TLS hides them.
#pragma once

#include <array>
#include <string_view>

namespace belgrand::testing {

enum class StepCall {
  kBeforeWrite,  // of a record of the alerting store to its log
  kAfterWrite,   // written, not synced
  kAfterSync,
  kBeforeConnect,
  kAfterConnect,
  kBeforeSend,
  kAfterSend,
  kAfterReceive,  // of the first answer after what was sent
};

struct KillStep {
  std::string_view name;
  StepCall call;
  // What is written or sent holds this, and does not hold that (empty: any).
  std::string_view text;
  std::string_view not_text = {};
};

inline constexpr std::string_view kEnqueued = " raised ";
inline constexpr std::string_view kClaimed = "no answer yet";
inline constexpr std::string_view kAccepted = "accepted by the server";
inline constexpr std::string_view kWaits = "SMTP 451";
inline constexpr std::string_view kBuried = "did not reach receiver";
inline constexpr std::string_view kEndOfLetter = "\r\n.\r\n";

inline constexpr std::array kKillSteps = {
    KillStep{"enqueue: before alert and deliveries are written", StepCall::kBeforeWrite, kEnqueued},
    KillStep{"enqueue: written, not synced", StepCall::kAfterWrite, kEnqueued},
    KillStep{"enqueue: synced, detection not answered", StepCall::kAfterSync, kEnqueued},
    KillStep{"claim: before the attempt is marked", StepCall::kBeforeWrite, kClaimed, kAccepted},
    KillStep{"claim: written, not synced", StepCall::kAfterWrite, kClaimed, kAccepted},
    KillStep{"claim: synced, nothing tried", StepCall::kAfterSync, kClaimed, kAccepted},
    KillStep{"attempt: before the connection", StepCall::kBeforeConnect, ""},
    KillStep{"attempt: connecting", StepCall::kAfterConnect, ""},
    KillStep{"mail: before the sender is named", StepCall::kBeforeSend, "MAIL FROM:"},
    KillStep{"mail: before the recipient is named", StepCall::kBeforeSend, "RCPT TO:"},
    KillStep{"mail: before the letter is announced", StepCall::kBeforeSend, "DATA\r\n"},
    KillStep{"mail: part of the letter sent", StepCall::kAfterSend, "Belgrand-Event-Id"},
    KillStep{"mail: letter sent, no answer yet", StepCall::kAfterSend, kEndOfLetter},
    KillStep{"mail: accepted, not noted", StepCall::kAfterReceive, kEndOfLetter},
    KillStep{"recipient: accepted, before it is noted", StepCall::kBeforeWrite, kAccepted},
    KillStep{"recipient: noted, not synced", StepCall::kAfterWrite, kAccepted},
    KillStep{"receipt: before the end is written", StepCall::kBeforeWrite, kAccepted, kClaimed},
    KillStep{"receipt: written, not synced", StepCall::kAfterWrite, kAccepted, kClaimed},
    KillStep{"receipt: synced", StepCall::kAfterSync, kAccepted, kClaimed},
    KillStep{"retry: before the wait is written", StepCall::kBeforeWrite, kWaits, kClaimed},
    KillStep{"retry: written, not synced", StepCall::kAfterWrite, kWaits, kClaimed},
    KillStep{"dead letter: before it and its news are written", StepCall::kBeforeWrite, kBuried},
    KillStep{"dead letter: written, not synced", StepCall::kAfterWrite, kBuried},
    KillStep{"dead letter: synced, nobody told", StepCall::kAfterSync, kBuried},
    KillStep{"webhook: before the request", StepCall::kBeforeSend, "POST /alerts"},
    KillStep{"webhook: request sent, no answer yet", StepCall::kAfterSend, "POST /alerts"},
    KillStep{"webhook: answered, not noted", StepCall::kAfterReceive, "POST /alerts"},
};

// Of what a person does (to an alert, to a notice for the public): the words they give are what the
// record of it holds.
inline constexpr std::string_view kActWords = "these are the words of the act";
inline constexpr std::array kActSteps = {
    KillStep{"before it is written", StepCall::kBeforeWrite, kActWords},
    KillStep{"written, not synced", StepCall::kAfterWrite, kActWords},
    KillStep{"synced, not answered", StepCall::kAfterSync, kActWords},
};
// Where kActSteps begin among the numbers of FaultControl::kill_step.
inline constexpr int kFirstActStep = 1'001;

}  // namespace belgrand::testing
