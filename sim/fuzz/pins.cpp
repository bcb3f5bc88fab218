// SPDX-License-Identifier: Apache-2.0
// Play waveforms on a Verilated top's pins and read the bytes that it sends; sim/fuzz/pins.py asks.
//
// In, on standard input: an Order, then `clocks` bytes, one a clock: bit 0 is rx, bit 1 is rst.
// Out, on standard output: an Answer, then `bytes` Received. After the waveform the line is high and
// time goes on until the top has been at rest for REST clocks, or for `limit` clocks.

#include <cstdint>
#include <cstdio>
#include <vector>

#include "Vtop.h"
#include "verilated.h"

struct Order {
    uint32_t clocks, divisor, limit;
};

struct Answer {
    uint32_t clocks, bytes, active;
};

struct Received {
    uint32_t clock;  // of the order, in which its stop bit was sampled
    uint8_t value, stop;
    uint16_t unused;
};

static const int REST = 16;

// An asynchronous receiver: each bit is sampled in its middle.
class Line {
  public:
    explicit Line(uint32_t divisor) : divisor_(divisor) {}

    bool idle() const { return bit_ < 0; }

    void clock(uint32_t now, bool level, std::vector<Received>& received) {
        if (bit_ < 0) {
            if (!level && last_) {
                bit_ = 0;
                left_ = divisor_ + divisor_ / 2;
                value_ = 0;
            }
        } else if (--left_ == 0) {
            left_ = divisor_;
            if (bit_ == 8) {
                received.push_back({now, value_, level, 0});
                bit_ = -1;
            } else {
                value_ |= level << bit_++;
            }
        }
        last_ = level;
    }

  private:
    uint32_t divisor_, left_ = 0;
    int bit_ = -1;
    uint8_t value_ = 0;
    bool last_ = true;
};

template <typename T>
static bool read(T* data, size_t count) {
    return fread(data, sizeof(T), count, stdin) == count;
}

int main(int argc, char** argv) {
    VerilatedContext context;
    context.commandArgs(argc, argv);
    Vtop top{&context};
    auto step = [&](int rx, int rst) {
        top.rx = rx;
        top.rst = rst;
        top.clk = 0;
        top.eval();
        top.clk = 1;
        top.eval();
    };

    Order order;
    std::vector<uint8_t> wave;
    std::vector<Received> received;
    while (read(&order, 1)) {
        wave.resize(order.clocks);
        if (!read(wave.data(), wave.size())) return 1;
        received.clear();
        Line line{order.divisor};
        uint32_t now = 0, rest = 0;
        for (; now < order.clocks; now++) {
            step(wave[now] & 1, wave[now] >> 1);
            line.clock(now, top.tx, received);
        }
        for (; now < order.clocks + order.limit && rest < REST; now++) {
            step(1, 0);
            line.clock(now, top.tx, received);
            rest = top.active || !line.idle() ? 0 : rest + 1;
        }
        Answer answer{now, static_cast<uint32_t>(received.size()), rest < REST};
        fwrite(&answer, sizeof answer, 1, stdout);
        fwrite(received.data(), sizeof(Received), received.size(), stdout);
        fflush(stdout);
    }
    return 0;
}
