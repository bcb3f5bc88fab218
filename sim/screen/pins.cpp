// SPDX-License-Identifier: Apache-2.0
// Feed a Verilated top with payloads and record the pins of its screen; sim/screen/record.py asks.
//
// In, on standard input: a Head, so many Acts, then the payloads, 32 bits each. Out, on standard
// output: a byte a clock, then a Tally for each act. Bits 0 to 2 of a byte are the data lanes in the
// first half of the clock and bit 3 is the lane of the clock; bits 4 to 7 are the same in the
// second half.

#include <cstdint>
#include <cstdio>
#include <vector>

#include "Vtop.h"
#include "verilated.h"

struct Head {
    uint32_t acts, payloads;
};

struct Act {
    uint32_t clocks, restart, seed, size, grey;
    uint32_t first, count;     // payloads
    uint32_t burst, interval;  // so many are offered one behind the other, and no sooner again
};

struct Tally {
    uint32_t taken, late, fetch;
};

static const uint32_t RESET = 4;      // clocks
static const size_t BLOCK = 1 << 16;  // bytes written at once

template <typename T>
static bool read(T* data, size_t count) {
    return fread(data, sizeof(T), count, stdin) == count;
}

int main(int argc, char** argv) {
    VerilatedContext context;
    context.commandArgs(argc, argv);
    Vtop top{&context};
    Head head;
    if (!read(&head, 1)) return 1;
    std::vector<Act> acts(head.acts);
    std::vector<uint32_t> payloads(head.payloads);
    if (!read(acts.data(), acts.size()) || !read(payloads.data(), payloads.size())) return 1;

    std::vector<Tally> tallies;
    std::vector<uint8_t> seen;
    uint8_t byte = 0;
    bool begun = false;
    auto pins = [&]() { return top.hdmi_d | top.hdmi_clk << 3; };
    auto flush = [&]() {
        fwrite(seen.data(), 1, seen.size(), stdout);
        fflush(stdout);
        seen.clear();
    };
    for (const Act& act : acts) {
        Tally tally{0, 0, 0};
        uint32_t wait = 0, left = act.burst;
        top.seed = act.seed;
        top.size = act.size;
        top.grey = act.grey;
        for (uint32_t now = 0; now < act.clocks; now++) {
            bool resets = tallies.empty() && now < RESET;
            bool offers = !resets && now > 0 && tally.taken < act.count && left > 0;
            top.rst = resets;
            top.restart = act.restart && now == 0;
            top.valid = offers;
            top.payload = offers ? payloads[act.first + tally.taken] : 0;
            top.clk = 0;
            top.eval();
            if (begun) seen.push_back(byte | pins() << 4);
            begun = true;
            if (seen.size() >= BLOCK) flush();
            if (offers && top.ready) {
                tally.taken++;
                left--;
            }
            if (++wait >= act.interval && left == 0) {
                wait = 0;
                left = act.burst;
            }
            tally.late += top.late;
            top.clk = 1;
            top.eval();
            byte = pins();
        }
        tally.fetch = top.fetch;
        tallies.push_back(tally);
    }
    top.clk = 0;
    top.eval();
    seen.push_back(byte | pins() << 4);
    flush();
    fwrite(tallies.data(), sizeof(Tally), tallies.size(), stdout);
    return 0;
}
