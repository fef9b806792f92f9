#include "session/plot.h"

/* Ticks of axes of dates and times: at whole minutes, hours, days, months and years. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DAY 86400.0

/* Seconds; months and years have none that are always right. */
static const double steps[] = {1,        2,        5,         10,  15,      30,      60,
                               120,      300,      600,       900, 1800,    3600,    7200,
                               3 * 3600, 6 * 3600, 12 * 3600, DAY, 2 * DAY, 7 * DAY, 14 * DAY};

static double unit_of(cf_kind kind) {
    return kind == CF_DATE ? DAY : 1e-6; /* seconds */
}

bool cf_plot_is_calendar(cf_kind kind) {
    return kind == CF_DATE || kind == CF_TIMESTAMP;
}

static void add_label(cf_plot_labels *t, double at, const char *text) {
    if (t->count == CF_COUNT(t->at)) return;
    t->at[t->count] = at;
    (void)snprintf(t->text[t->count++], sizeof t->text[0], "%s", text);
}

/* `2012-07-04`, or the time of the day where the day is known from the label before. */
static void time_label(char out[24], double seconds, double step) {
    int64_t year;
    unsigned month, day;
    const double days = floor(seconds / DAY);
    const unsigned rest = (unsigned)lround(seconds - days * DAY);
    cf_civil_from_days((int64_t)days, &year, &month, &day);
    if (step >= DAY || rest == 0)
        (void)snprintf(out, 24, "%04d-%02u-%02u", (int)year, month, day);
    else if (step < 60)
        (void)snprintf(out, 24, "%02u:%02u:%02u", rest / 3600, rest / 60 % 60, rest % 60);
    else
        (void)snprintf(out, 24, "%02u:%02u", rest / 3600, rest / 60 % 60);
}

static void even_ticks(cf_plot_labels *t, double low, double high, double step, double unit) {
    const double first = ceil(low / step - 1e-9), last = floor(high / step + 1e-9);
    for (int i = 0; i <= last - first && i < 64; i++) {
        char text[24];
        const double seconds = (first + i) * step;
        time_label(text, seconds, step);
        add_label(t, seconds / unit, text);
    }
}

/* At the first of every `step`-th month. */
static void month_ticks(cf_plot_labels *t, double low, double high, int64_t step, double unit) {
    int64_t year;
    unsigned month, day;
    cf_civil_from_days((int64_t)floor(low / DAY), &year, &month, &day);
    int64_t at = (year * 12 + month - 1) / step * step;
    for (int i = 0; i < 64; i++, at += step) {
        char text[24];
        const unsigned m = (unsigned)(at % 12);
        const double seconds = (double)cf_days_from_civil(at / 12, m + 1, 1) * DAY;
        if (seconds > high) return;
        if (seconds < low) continue;
        (void)snprintf(text, sizeof text, step < 12 ? "%04d-%02u" : "%04d", (int)(at / 12),
                       m + 1);
        add_label(t, seconds / unit, text);
    }
}

bool cf_plot_time_ticks(cf_kind kind, double low, double high, uint32_t most,
                        cf_plot_labels *t) {
    static const int64_t months[] = {1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000};
    const double unit = unit_of(kind);
    *t = (cf_plot_labels){0};
    low *= unit;
    high *= unit;
    /* the years 1 to 9999, and no pieces of a second */
    if (!cf_plot_is_calendar(kind) || !(high - low >= 1) || low < -62135596800.0 ||
        high > 253402300800.0)
        return false;
    for (size_t i = 0; i < CF_COUNT(steps); i++) {
        if ((high - low) / steps[i] > most || (kind == CF_DATE && steps[i] < DAY)) continue;
        even_ticks(t, low, high, steps[i], unit);
        return t->count > 0;
    }
    for (size_t i = 0; i < CF_COUNT(months); i++) {
        if ((high - low) / (DAY * 30.4 * (double)months[i]) > most) continue;
        month_ticks(t, low, high, months[i], unit);
        return t->count > 0;
    }
    return false;
}

void cf_plot_first_day(char out[24], cf_kind kind, double low) {
    time_label(out, floor(low * unit_of(kind) / DAY) * DAY, DAY);
}
