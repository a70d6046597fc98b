/* Presets: devices and links a platform file can name instead of spelling out, each with the source of its
 * figures. A preset is a starting point, not a data sheet: every figure can be overridden in the YAML.
 *
 * How the sources are written. "measured" is taken or computed from a published measurement, with the
 * arithmetic; "specification" is a maker's or a standard's figure; "assumption" is ours, and stands wherever
 * nothing better is known to us. Prices of clouds are list prices of 2023; prices of edge servers are ours:
 * hardware over five years (43,800 h) plus electricity at 0.20 USD/kWh.
 *
 * Speeds are useful FLOP (two for each multiply-add, as the simulator counts them) over measured latency, so
 * they are far below peak and include the framework's overhead. The yardsticks:
 *   BERT-base, 128 tokens, the whole encoder:  12 (8 s h^2 + 4 s h f + 4 s^2 h) = 22.35 GFLOP
 *   HAT (Wang et al., ACL 2020), WMT'14 En-De encoders: s = 30, batch 1, six layers, attention 512 wide, so
 *     6 (8 s 512 h + 4 s h f + 4 s^2 512), median 1.11 GFLOP; 2,000 shapes a device, fp32, PyTorch
 *   MobileBERT, 384 tokens:  17.4 GFLOP by our count (5.4 at 128 tokens, where its paper says 5.7)
 *
 * A speed holds for work like its yardstick. A GPU that answers a sentence of 128 tokens in 1 ms does not
 * answer one of 25 tokens in 0.2 ms; and at batch 1 it draws less than its busy_watts, the card's limit. */
#include "platforms.h"

/* Joules a byte at the phone's radio while it moves `mbps`: the power model of Huang et al., MobiSys 2012,
 * Table 4, is alpha mW a Mbps plus beta mW, and 1 mW / 1 Mbps = 1 nJ a bit. It leaves out promotion and tail
 * energy (about 12 J a burst in LTE), which belong to a burst and not to a byte. */
#define RADIO_J_PER_BYTE(alpha, beta, mbps) (8e-9 * ((alpha) + (beta) / (mbps)))
#define LTE_UP(mbps)                        RADIO_J_PER_BYTE(438.39, 1288.04, mbps)
#define LTE_DOWN(mbps)                      RADIO_J_PER_BYTE(51.97, 1288.04, mbps)
#define UMTS_UP(mbps)                       RADIO_J_PER_BYTE(868.98, 817.88, mbps)
#define UMTS_DOWN(mbps)                     RADIO_J_PER_BYTE(122.12, 817.88, mbps)
#define WIFI_UP(mbps)                       RADIO_J_PER_BYTE(283.17, 132.86, mbps)
#define WIFI_DOWN(mbps)                     RADIO_J_PER_BYTE(137.01, 132.86, mbps)

#define HUANG       "Radio: Huang et al., MobiSys 2012, Table 4, "
#define PHONE_POWER "Power: assumption, screen off. Memory: assumption, a quarter of the phone's RAM. "

const device_preset DEVICE_PRESETS[] = {
    {
        .name = "phone-flagship",
        .summary = "flagship phone of 2019 (Pixel 4), CPU, fp32",
        .flops_per_second = 65.5e9,
        .cores = 1,
        .idle_watts = 0.3,
        .busy_watts = 5,
        .memory_bytes = 1.5e9,
        .usd_per_hour = 0,
        .source =
            "Speed: measured, Sun et al., ACL 2020 (MobileBERT), abstract: 62 ms on a Pixel 4, 5.5 times "
            "faster than BERT-base, so BERT-base takes 341 ms; 22.35 GFLOP / 0.341 s. " PHONE_POWER
            "RAM 6 GB: specification.",
    },
    {
        .name = "phone-midrange",
        .summary = "flagship phone of 2018 (Pixel 3), a mid-range one since, CPU, fp32",
        .flops_per_second = 13.1e9,
        .cores = 1,
        .idle_watts = 0.3,
        .busy_watts = 3.5,
        .memory_bytes = 1e9,
        .usd_per_hour = 0,
        .source = "Speed: measured, Iandola et al., SustaiNLP 2020 (SqueezeBERT), abstract: BERT-base takes "
                  "1.7 s on a Pixel 3; taken as 128 tokens, 22.35 GFLOP / 1.7 s. " PHONE_POWER
                  "RAM 4 GB: specification.",
    },
    {
        .name = "phone-budget",
        .summary = "budget phone, computes like a Raspberry Pi 4, CPU, fp32",
        .flops_per_second = 5.4e9,
        .cores = 1,
        .idle_watts = 0.3,
        .busy_watts = 2.5,
        .memory_bytes = 0.5e9,
        .usd_per_hour = 0,
        .source = "Speed: assumption, that of raspberry-pi-4 (four cores of a similar class). " PHONE_POWER
                  "RAM 2 GB: assumption.",
    },
    {
        .name = "phone-flagship-npu",
        .summary = "flagship phone of 2022 (Snapdragon 8+ Gen 1), neural accelerator, int8",
        .flops_per_second = 2.16e12,
        .cores = 1,
        .idle_watts = 0.3,
        .busy_watts = 5,
        .memory_bytes = 3e9,
        .usd_per_hour = 0,
        .source = "Speed: measured, MLPerf Mobile v2.1 closed, Asus ROG 6, MobileBERT single stream, median "
                  "8.05 ms at 384 tokens in int8; 17.4 GFLOP / 8.05 ms. " PHONE_POWER
                  "RAM 12 GB: the submission's system description.",
    },
    {
        .name = "phone-midrange-npu",
        .summary = "mid-range phone of 2022 (Snapdragon 7 Gen 1), neural accelerator, int8",
        .flops_per_second = 1.79e12,
        .cores = 1,
        .idle_watts = 0.3,
        .busy_watts = 3.5,
        .memory_bytes = 2e9,
        .usd_per_hour = 0,
        .source = "Speed: measured, MLPerf Mobile v2.1 closed, Oppo Reno 8 Pro, MobileBERT single stream, "
                  "median 9.69 ms at 384 tokens in int8; 17.4 GFLOP / 9.69 ms. " PHONE_POWER
                  "RAM 8 GB: the submission's system description.",
    },
    {
        .name = "raspberry-pi-4",
        .summary = "Raspberry Pi 4 (four Cortex-A72), the whole board on one request, fp32",
        .flops_per_second = 5.4e9,
        .cores = 1,
        .idle_watts = 2.7,
        .busy_watts = 6.4,
        .memory_bytes = 2e9,
        .usd_per_hour = 0,
        .source =
            "Speed: measured, HAT latency data set (Wang et al., ACL 2020), median of FLOP / latency over "
            "1,892 shapes (108 above three times the median latency left out): 5.38 Gf/s, tenth to "
            "ninetieth percentile 4.5 to 6.0. Power: measured, Raspberry Pi Dramble project, 5 V at "
            "540 mA idle and 1,280 mA with all four cores busy. Memory: assumption, half of 4 GB.",
    },
    {
        .name = "edge-nuc",
        .summary = "small PC with four cores, one request a core, fp32",
        .flops_per_second = 33e9,
        .cores = 4,
        .idle_watts = 8,
        .busy_watts = 40,
        .memory_bytes = 12e9,
        .usd_per_hour = 0.02,
        .source =
            "Assumption throughout: four cores as fast as one of edge-xeon; a 28 W processor and 12 W for "
            "the rest; 12 of 16 GB. Price: assumption, 700 USD / 43,800 h + 0.024 kW x 0.20 USD.",
    },
    {
        .name = "edge-xeon",
        .summary = "one-socket Xeon E5-2640 server, ten cores, one request a core, fp32",
        .flops_per_second = 33e9,
        .cores = 10,
        .idle_watts = 60,
        .busy_watts = 180,
        .memory_bytes = 48e9,
        .usd_per_hour = 0.10,
        .source =
            "Speed: estimated from the HAT latency data set (Wang et al., ACL 2020): least squares over "
            "2,000 shapes gives 7.11 ms + FLOP / 427 Gf/s (R2 0.26) for the whole machine; "
            "assumption, ten cores (the v4; the data set does not say) that divide the 427 evenly and "
            "the 7.11 ms not at all: 1.11 GFLOP / (7.11 + 26.0 ms). Compare edge-xeon-serial. Power: "
            "assumption, 90 W TDP (specification) + 90 W for the rest. Memory: assumption, 48 of 64 GB. "
            "Price: assumption, 3,000 USD / 43,800 h + 0.15 kW x 0.20 USD.",
    },
    {
        .name = "edge-xeon-serial",
        .summary = "Xeon E5-2640 server, the whole machine on one request, fp32",
        .flops_per_second = 115e9,
        .cores = 1,
        .idle_watts = 60,
        .busy_watts = 180,
        .memory_bytes = 48e9,
        .usd_per_hour = 0.10,
        .source =
            "Speed: measured, HAT latency data set (Wang et al., ACL 2020), median of FLOP / latency over "
            "2,000 shapes: 114.6 Gf/s, tenth to ninetieth percentile 92 to 139; mostly the framework's "
            "overhead. Power, memory, price: as edge-xeon.",
    },
    {
        .name = "edge-gpu",
        .summary = "edge server with one NVIDIA T4, TensorRT, fp16, batch 1",
        .flops_per_second = 11.5e12,
        .cores = 1,
        .idle_watts = 60,
        .busy_watts = 130,
        .memory_bytes = 15e9,
        .usd_per_hour = 0.14,
        .source =
            "Speed: measured, NVIDIA TensorRT 8 demo/BERT, T4, BERT-base, 128 tokens, fp16, average "
            "1.95 ms at batch 1: 22.35 GFLOP / 1.95 ms; for the batching curve: 2.71 ms at batch 2, 4.53 "
            "at 4, 9.09 at 8, 36.63 at 32 (19.5 Tf/s). Power: 70 W card (specification) + 50 W idle, 60 W "
            "busy host and 10 W idle card (assumption). Memory: 16 GB card (specification) less 1. Price: "
            "assumption, 5,000 USD / 43,800 h + 0.13 kW x 0.20 USD.",
    },
    {
        .name = "cloud-cpu",
        .summary = "32 cores of a Xeon Platinum 8380, four cores a request, fp32",
        .flops_per_second = 262e9,
        .cores = 8,
        .idle_watts = 150,
        .busy_watts = 400,
        .memory_bytes = 128e9,
        .usd_per_hour = 2.72,
        .source =
            "Speed: measured, Intel Neural Compressor 2.1, validated models, BERT base MRPC in fp32: 93.69 "
            "samples/s from eight instances of four cores at batch 1; taken as padded to 128 tokens, "
            "22.35 GFLOP x 93.69 / 8. Power: assumption, 270 W TDP (specification) + 130 W for the rest. "
            "Memory and price: Amazon c6i.16xlarge, also 32 cores of Ice Lake, us-east-1 on demand.",
    },
    {
        .name = "cloud-gpu",
        .summary = "one NVIDIA V100 (16 GB), TensorRT, fp16, batch 1",
        .flops_per_second = 18.2e12,
        .cores = 1,
        .idle_watts = 100,
        .busy_watts = 400,
        .memory_bytes = 15e9,
        .usd_per_hour = 3.06,
        .source =
            "Speed: measured, NVIDIA TensorRT 7.1 demo/BERT, V100, BERT-base, 128 tokens, fp16, average "
            "1.23 ms at batch 1: 22.35 GFLOP / 1.23 ms; for the batching curve: 1.48 ms at batch 2, 2.11 "
            "at 4, 3.32 at 8, 14.06 at 32 (50.9 Tf/s). Power: 300 W card (specification) + 60 W idle, "
            "100 W busy host and 40 W idle card (assumption). Memory: 16 GB card less 1. Price: Amazon "
            "p3.2xlarge, us-east-1 on demand.",
    },
    {
        .name = "cloud-gpu-t4",
        .summary = "one NVIDIA T4 in the cloud, TensorRT, fp16, batch 1",
        .flops_per_second = 11.5e12,
        .cores = 1,
        .idle_watts = 40,
        .busy_watts = 110,
        .memory_bytes = 15e9,
        .usd_per_hour = 0.526,
        .source =
            "Speed and memory: as edge-gpu. Power: 70 W card (specification) + 30 W idle, 40 W busy share "
            "of the host and 10 W idle card (assumption). Price: Amazon g4dn.xlarge, us-east-1 on demand.",
    },
    {
        .name = "cloud-gpu-a100",
        .summary = "one NVIDIA A100 (40 GB), TensorRT, fp16, batch 1",
        .flops_per_second = 33.4e12,
        .cores = 1,
        .idle_watts = 110,
        .busy_watts = 500,
        .memory_bytes = 39e9,
        .usd_per_hour = 4.10,
        .source =
            "Speed: measured, NVIDIA TensorRT 8 demo/BERT, A100, BERT-base, 128 tokens, fp16, average "
            "0.67 ms at batch 1: 22.35 GFLOP / 0.67 ms; for the batching curve: 1.02 ms at batch 4, 1.38 "
            "at 8, 4.10 at 32. Power: 400 W card (specification) + 60 W idle, 100 W busy share of the "
            "host and 50 W idle card (assumption). Memory: 40 GB card less 1. Price: an eighth of Amazon "
            "p4d.24xlarge, us-east-1 on demand in 2023 (32.77 USD).",
    },
    {
        .name = "cloud-gpu-titanxp",
        .summary = "one NVIDIA Titan Xp, plain PyTorch, fp32, batch 1",
        .flops_per_second = 184e9,
        .cores = 1,
        .idle_watts = 75,
        .busy_watts = 350,
        .memory_bytes = 11e9,
        .usd_per_hour = 0.16,
        .source =
            "Speed: measured, HAT latency data set (Wang et al., ACL 2020), median of FLOP / latency over "
            "2,000 shapes: 183.7 Gf/s, tenth to ninetieth percentile 140 to 238. Short sentences at batch "
            "1 are bound by kernel launches: latency is 6 ms whatever the shape (R2 0.00), so this "
            "understates longer inputs and batches. Power: 250 W card (specification) + 60 W idle, 100 W "
            "busy host and 15 W idle card (assumption). Memory: 12 GB card less 1. Price: assumption, "
            "4,000 USD / 43,800 h + 0.35 kW x 0.20 USD.",
    },
    {
        .name = "test-phone",
        .summary = "round numbers: 1 Gf/s",
        .flops_per_second = 1e9,
        .cores = 1,
        .idle_watts = 1,
        .busy_watts = 2,
        .memory_bytes = 1e9,
        .usd_per_hour = 0,
        .source = "round numbers for hand calculation",
    },
    {
        .name = "test-edge",
        .summary = "round numbers: 10 Gf/s, 0.0001 USD a second",
        .flops_per_second = 10e9,
        .cores = 1,
        .idle_watts = 10,
        .busy_watts = 20,
        .memory_bytes = 10e9,
        .usd_per_hour = 0.36,
        .source = "round numbers for hand calculation",
    },
    {
        .name = "test-cloud",
        .summary = "round numbers: 100 Gf/s, 0.001 USD a second",
        .flops_per_second = 100e9,
        .cores = 1,
        .idle_watts = 100,
        .busy_watts = 200,
        .memory_bytes = 100e9,
        .usd_per_hour = 3.6,
        .source = "round numbers for hand calculation",
    },
};
const size_t DEVICE_PRESET_COUNT = sizeof DEVICE_PRESETS / sizeof DEVICE_PRESETS[0];

/* The latency of a measured cell reaches from the phone to a server at the edge of the operator's network: it
 * holds a backhaul already, so choose a short one behind it. */
const link_preset LINK_PRESETS[] = {
    {
        .name = "lte",
        .summary = "LTE as one moving phone gets it, mean of drives of 2012 to 2016",
        .use = LINK_CELL,
        .up_bps = 5.5e6,
        .down_bps = 8.85e6,
        .latency_s = 0.0205,
        .radio_up_j_per_byte = LTE_UP(5.5),
        .radio_down_j_per_byte = LTE_DOWN(8.85),
        .source =
            "Capacity: measured, Mahimahi traces, lines x 1,500 B / duration, mean of the traces: up 1.91, "
            "0.83 (AT&T), 13.3 (T-Mobile), 5.95 (Verizon), down 4.56, 5.17 (AT&T), 12.8, 16.7 (T-Mobile), "
            "5.03 (Verizon) Mbps; one phone that saturates the link, less than a whole cell carries (see "
            "lte-macro). Latency: measured, MECPerf, LTE to edge, median round trip 41 ms / 2 (33 "
            "ms with cross traffic, which we take to keep the radio awake). " HUANG
            "LTE at 5.5 Mbps up, 8.85 down.",
    },
    {
        .name = "lte-macro",
        .summary = "LTE urban macro cell of 20 + 20 MHz, shared by all its phones",
        .use = LINK_CELL,
        .up_bps = 28e6,
        .down_bps = 44e6,
        .latency_s = 0.0205,
        .radio_up_j_per_byte = LTE_UP(5.5),
        .radio_down_j_per_byte = LTE_DOWN(8.85),
        .source =
            "Capacity: specification, ITU-R M.2134 cell spectral efficiency, base coverage urban, 1.4 up "
            "and 2.2 down bit/s/Hz x 20 MHz; that cells meet it is an assumption. Latency: measured, "
            "MECPerf, LTE to edge, median round trip 41 ms / 2. " HUANG "LTE at 5.5 Mbps up, 8.85 down, the "
            "means of lte.",
    },
    {
        .name = "umts",
        .summary = "3G (UMTS/HSPA) as one moving phone gets it, 2012",
        .use = LINK_CELL,
        .up_bps = 0.943e6,
        .down_bps = 2.02e6,
        .latency_s = 0.075,
        .radio_up_j_per_byte = UMTS_UP(0.943),
        .radio_down_j_per_byte = UMTS_DOWN(2.02),
        .source =
            "Capacity: measured, Mahimahi traces, T-Mobile UMTS, lines x 1,500 B / duration. Latency: "
            "measured, OpenSignal for FierceWireless, mid-2014, T-Mobile US HSPA, mean ping about 150 ms / "
            "2, which reaches beyond the edge. " HUANG "3G at 0.943 Mbps up, 2.02 down.",
    },
    {
        .name = "3g-rural",
        .summary = "slow 3G (EV-DO) as one moving phone gets it, 2012",
        .use = LINK_CELL,
        .up_bps = 0.843e6,
        .down_bps = 0.521e6,
        .latency_s = 0.075,
        .radio_up_j_per_byte = UMTS_UP(0.843),
        .radio_down_j_per_byte = UMTS_DOWN(0.521),
        .source =
            "Capacity: measured, Mahimahi traces, Verizon EV-DO, lines x 1,500 B / duration; up is more "
            "than down in that drive; that rural 3G is like it is an assumption. Latency: assumption, as "
            "umts. " HUANG "3G (measured on UMTS) at 0.843 Mbps up, 0.521 down.",
    },
    {
        .name = "5g-campus",
        .summary = "private stand-alone 5G, one indoor cell of 100 MHz, three quarters of it down",
        .use = LINK_CELL,
        .up_bps = 169e6,
        .down_bps = 675e6,
        .latency_s = 0.007,
        .radio_up_j_per_byte = LTE_UP(20.0),
        .radio_down_j_per_byte = LTE_DOWN(100.0),
        .source =
            "Capacity: specification, ITU-R M.2410 average spectral efficiency, indoor hotspot, 6.75 up and "
            "9 down bit/s/Hz x 100 MHz x 1/4 and 3/4; the split, and that networks meet it, are "
            "assumptions. Latency: measured, Rischke et al., IEEE Access 9 (2021), stand-alone, 95 % of "
            "download delays within 4 to 10 ms, the middle; upload assumed equal. Radio: assumption, the "
            "LTE model of Huang et al. (MobiSys 2012) carried on to 20 Mbps up, 100 down.",
    },
    {
        .name = "wifi-home",
        .summary = "home Wi-Fi, 802.11n, two streams in 40 MHz, nobody else on the air",
        .use = LINK_CELL_HALF_DUPLEX,
        .up_bps = 150e6,
        .down_bps = 150e6,
        .latency_s = 0.001,
        .radio_up_j_per_byte = WIFI_UP(10.0),
        .radio_down_j_per_byte = WIFI_DOWN(10.0),
        .source =
            "Capacity: 300 Mbps on air (specification, IEEE 802.11n), half of it useful (assumption). "
            "Latency: measured, MECPerf, Wi-Fi to edge, no cross traffic, median round trip 2 ms / 2. " HUANG
            "Wi-Fi at 10 Mbps (assumption).",
    },
    {
        .name = "wifi-factory",
        .summary = "industrial Wi-Fi, 802.11n, one stream in 20 MHz, busy air",
        .use = LINK_CELL_HALF_DUPLEX,
        .up_bps = 32.5e6,
        .down_bps = 32.5e6,
        .latency_s = 0.0015,
        .radio_up_j_per_byte = WIFI_UP(5.0),
        .radio_down_j_per_byte = WIFI_DOWN(5.0),
        .source =
            "Capacity: 65 Mbps on air (specification, IEEE 802.11n), half of it useful (assumption). "
            "Latency: measured, MECPerf, Wi-Fi to edge with 20 to 50 Mbps of cross traffic, median round "
            "trip 3 ms / 2. " HUANG "Wi-Fi at 5 Mbps (assumption).",
    },
    {
        .name = "wired-lan",
        .summary = "gigabit Ethernet within a building",
        .use = LINK_WIRED,
        .up_bps = 1e9,
        .down_bps = 1e9,
        .latency_s = 0.0001,
        .source = "Capacity: specification, IEEE 802.3ab. Latency: assumption.",
    },
    {
        .name = "fibre-backhaul",
        .summary = "10 Gbps fibre from site to region, 100 km",
        .use = LINK_WIRED,
        .up_bps = 10e9,
        .down_bps = 10e9,
        .latency_s = 0.001,
        .source =
            "Capacity: assumption, one 10 Gbps Ethernet. Latency: assumption, 100 km x 5 us/km of glass + "
            "0.5 ms in equipment.",
    },
    {
        .name = "microwave-backhaul",
        .summary = "microwave hop from site to region, one 56 MHz channel",
        .use = LINK_WIRED,
        .up_bps = 400e6,
        .down_bps = 400e6,
        .latency_s = 0.0005,
        .source = "Assumption: about 50 Mbaud in 56 MHz x 8 bits (256-QAM); 0.5 ms a hop.",
    },
    {
        .name = "dsl-backhaul",
        .summary = "VDSL2 line from a small site, 50/10 Mbps",
        .use = LINK_WIRED,
        .up_bps = 10e6,
        .down_bps = 50e6,
        .latency_s = 0.008,
        .source = "Assumption: a usual retail profile; 8 ms for interleaving.",
    },
    {
        .name = "satellite-leo",
        .summary = "Starlink terminal as the backhaul of a site",
        .use = LINK_WIRED,
        .up_bps = 13.5e6,
        .down_bps = 87e6,
        .latency_s = 0.022,
        .source = "Measured, Ookla, United States, third quarter of 2021: medians 87.25 Mbps down, 13.54 up, "
                  "latency 44 ms / 2.",
    },
    {
        .name = "satellite-geo",
        .summary = "geostationary satellite as the backhaul of a site",
        .use = LINK_WIRED,
        .up_bps = 2.5e6,
        .down_bps = 19.3e6,
        .latency_s = 0.3,
        .source =
            "Capacity: measured, Ookla, United States, third quarter of 2021, HughesNet medians 19.30 Mbps "
            "down, 2.54 up. Latency: Michel et al., IMC 2022, a minimum round trip of about 600 ms / 2.",
    },
    {
        .name = "wan-regional",
        .summary = "from the edge to a cloud region of the same part of the continent",
        .use = LINK_WIRED,
        .up_bps = 1e9,
        .down_bps = 1e9,
        .latency_s = 0.0185,
        .source =
            "Latency: measured, MECPerf, edge to cloud, median round trip 37 ms / 2 (Wi-Fi setup; 38 in the "
            "LTE one). Capacity: assumption.",
    },
    {
        .name = "wan-continental",
        .summary = "to a cloud region across the continent, 4,000 km",
        .use = LINK_WIRED,
        .up_bps = 1e9,
        .down_bps = 1e9,
        .latency_s = 0.03,
        .source = "Assumption: 4,000 km x 5 us/km of glass x 1.5 for the detours of cables; capacity ours.",
    },
    {
        .name = "wan-intercontinental",
        .summary = "to a cloud region on another continent, 10,000 km",
        .use = LINK_WIRED,
        .up_bps = 1e9,
        .down_bps = 1e9,
        .latency_s = 0.075,
        .source = "Assumption: 10,000 km x 5 us/km of glass x 1.5 for the detours of cables; capacity ours.",
    },
    {
        .name = "test-cell",
        .summary = "round numbers: 1 MB/s each way, 10 ms, 1 uJ a byte",
        .use = LINK_CELL,
        .up_bps = 8e6,
        .down_bps = 8e6,
        .latency_s = 0.01,
        .radio_up_j_per_byte = 1e-6,
        .radio_down_j_per_byte = 1e-6,
        .source = "round numbers for hand calculation",
    },
    {
        .name = "test-wire",
        .summary = "round numbers: 10 MB/s each way, 10 ms",
        .use = LINK_WIRED,
        .up_bps = 80e6,
        .down_bps = 80e6,
        .latency_s = 0.01,
        .source = "round numbers for hand calculation",
    },
};
const size_t LINK_PRESET_COUNT = sizeof LINK_PRESETS / sizeof LINK_PRESETS[0];
