// Hands what gRPC itself reports (a handshake that failed, an address in use) to the log of the
// process, as a line like any other. Thread safety: safe.
#pragma once

namespace belgrand::rpc {

// For the whole process; before the first server or channel. What a hostile client can cause is
// bounded: beyond 30 lines a minute they are counted, and the count stands in the next line.
void TakeOverGrpcLog();

}  // namespace belgrand::rpc
