/* What a message takes: bytes on the way, time of a transfer, round trips before the first, energy at the phone. */
#include <math.h>

#include "platforms.h"

double link_byte_joules(const net_link *l, bool up) {
    if (l->radio) return up ? l->radio->up : l->radio->down;
    return up ? l->radio_up : l->radio_down;
}

double platform_transfer_time(const network_settings *n, double latency, double bandwidth, double bytes) {
    double latency_factor = n->model == NETWORK_LV08 ? 13.01 : 1,
           bandwidth_factor = n->model == NETWORK_LV08 ? 0.97 : 1;
    double rate = bandwidth;
    if (latency > 0) rate = fmin(rate, n->tcp_gamma / (2 * latency));
    return latency * latency_factor + bytes / (rate * bandwidth_factor);
}

/* A message as datagrams or segments of an Ethernet's 1,500 bytes (RFC 894), each in a frame of 14 + 4 bytes and with 20 of
 * IPv4 (RFC 791). TCP: 20 bytes and 12 of timestamps (RFC 9293, 7323), so 1,448 of data; UDP: 8 (RFC 768). A record of TLS
 * 1.3 (RFC 8446: at most 16,384 bytes) has 5 bytes of header, a type, and a tag of 16; one of DTLS 1.3 (RFC 9147) the same, a
 * datagram each. */
enum { FRAME = 18, MTU = 1500, IP = 20, TCP = 32, UDP = 8, RECORD = 22, RECORD_MOST = 16384 };

/* How many pieces of at most `most` bytes; even nothing takes one. */
static uint64_t pieces(uint64_t bytes, uint64_t most) { return bytes ? (bytes - 1) / most + 1 : 1; }

uint64_t platform_wire_bytes(const network_settings *n, uint64_t bytes) {
    const connection_settings *by = &n->connection;
    uint64_t record = by->tls ? RECORD : 0;
    if (!n->headers) return bytes;
    if (by->transport == TRANSPORT_UDP)
        return bytes + pieces(bytes, MTU - IP - UDP - record) * (FRAME + IP + UDP + record);
    bytes += pieces(bytes, RECORD_MOST) * record;
    return bytes + pieces(bytes, MTU - IP - TCP) * (FRAME + IP + TCP);
}

unsigned connection_round_trips(const connection_settings *c) {
    return (c->transport == TRANSPORT_TCP ? 1u : 0u) + (c->tls ? 1u : 0u);
}
