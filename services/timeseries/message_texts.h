// Texts that are protobuf messages, apart as shapes and numbers: the doubles of many messages are
// small as one column of decimals, and what is left of the messages is much alike.
// docs/formats/timeseries.md defines the bytes.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace belgrand::timeseries {

// A list is varint(length) and message, one after the other.
enum class MessageForm { kOne, kList };

// Appends the message without its doubles to `shape`, and these to `reals`. False: it is none.
bool SplitMessage(std::string_view message, MessageForm form, std::string& shape,
                  std::vector<double>& reals);
// Appends the message to `out`; its doubles are those from `next` on, which is moved behind them.
// False: the shape is damaged or there are too few.
bool JoinMessage(std::string_view shape, MessageForm form, const std::vector<double>& reals,
                 std::size_t& next, std::string& out);

// As AppendTexts and TakeTexts. False from AppendMessages: nothing was appended, for no message has
// a double.
bool AppendMessages(std::string& out, const std::vector<std::string_view>& messages,
                    MessageForm form);
bool TakeMessages(std::string_view& in, std::size_t count, MessageForm form,
                  std::vector<std::string_view>& messages, std::string& made);

}  // namespace belgrand::timeseries
