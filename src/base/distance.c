#include "base/base.h"

/* How many slips of the hand lie between two names: three rows of the classic table, since a
 * swap of neighbours looks two rows back.  Counted in characters. */

/* Longer names are not looked at closely: nobody is helped by a hint that fills a line. */
#define NAME_MAX_CHARACTERS 128

static size_t decode(cf_str s, uint32_t out[NAME_MAX_CHARACTERS]) {
    size_t count = 0;
    for (size_t at = 0; at < s.size; count++) {
        uint32_t x;
        at += cf_utf8_next(s.data + at, s.size - at, &x);
        if (count < NAME_MAX_CHARACTERS) out[count] = x;
    }
    return count;
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

size_t cf_edit_distance(cf_str a, cf_str b) {
    uint32_t x[NAME_MAX_CHARACTERS], y[NAME_MAX_CHARACTERS];
    const size_t n = decode(a, x), m = decode(b, y);
    if (cf_str_equal(a, b)) return 0;
    if (n > NAME_MAX_CHARACTERS || m > NAME_MAX_CHARACTERS) return n > m ? n : m;
    size_t rows[3][NAME_MAX_CHARACTERS + 1];
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = rows[i % 3];
        const size_t *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            now[j] = smaller(last[j], now[j - 1]) + 1;
            now[j] = smaller(now[j], last[j - 1] + (x[i - 1] != y[j - 1]));
            if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1])
                now[j] = smaller(now[j], before[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}
