#include "func/letters.h"

#include "base/base.h"

/* Ranges of upper case letters: the lower case is `offset` further on; or, with step 2, upper
 * and lower case letters alternate, beginning with an upper one. */
static const struct {
    uint32_t first, last;
    int32_t offset;
    uint32_t step;
} ranges[] = {
    {'A', 'Z', 32, 1},      {0xC0, 0xD6, 32, 1},     {0xD8, 0xDE, 32, 1},
    {0x100, 0x12E, 1, 2},   {0x132, 0x136, 1, 2},    {0x139, 0x147, 1, 2},
    {0x14A, 0x176, 1, 2},   {0x178, 0x178, -121, 1}, {0x179, 0x17D, 1, 2},
    {0x1CD, 0x1DB, 1, 2},   {0x1DE, 0x1EE, 1, 2},    {0x1F8, 0x21E, 1, 2},
    {0x222, 0x232, 1, 2},   {0x386, 0x386, 38, 1},   {0x388, 0x38A, 37, 1},
    {0x38C, 0x38C, 64, 1},  {0x38E, 0x38F, 63, 1},   {0x391, 0x3A1, 32, 1},
    {0x3A3, 0x3AB, 32, 1},  {0x400, 0x40F, 80, 1},   {0x410, 0x42F, 32, 1},
    {0x460, 0x480, 1, 2},   {0x48A, 0x4BE, 1, 2},    {0x4C1, 0x4CD, 1, 2},
    {0x4D0, 0x52E, 1, 2},   {0x531, 0x556, 48, 1},   {0x1E00, 0x1E94, 1, 2},
    {0x1EA0, 0x1EFE, 1, 2},
};

uint32_t cf_lower(uint32_t c) {
    if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
    for (size_t i = 1; i < CF_COUNT(ranges); i++)
        if (c >= ranges[i].first && c <= ranges[i].last &&
            (c - ranges[i].first) % ranges[i].step == 0)
            return (uint32_t)((int32_t)c + ranges[i].offset);
    return c;
}

uint32_t cf_upper(uint32_t c) {
    if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
    if (c == 0x3C2) return 0x3A3; /* sigma at a word's end */
    for (size_t i = 1; i < CF_COUNT(ranges); i++) {
        const uint32_t up = (uint32_t)((int32_t)c - ranges[i].offset);
        if (up >= ranges[i].first && up <= ranges[i].last &&
            (up - ranges[i].first) % ranges[i].step == 0)
            return up;
    }
    return c;
}
