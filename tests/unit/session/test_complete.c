#include "cutflow/session.h"

/* What Tab offers and what `?` finds, over a table of events with lists in lists. */

#include "base/base.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char events[] = "[{\"run\": 1, \"MET\": {\"met\": 2.5, \"phi\": 0.1}, \"Jet\": "
                             "[{\"pt\": 1.5, \"eta\": 0.5, "
                             "\"parts\": [{\"charge\": 1}]}]}]";

static char path[] = "/tmp/cutflow_complete_XXXXXX.json";
static cf_session *session;

static void open_events(void) {
    char data[64];
    const int fd = mkstemps(path, 5);
    CHECK(fd >= 0 && write(fd, events, strlen(events)) == (ssize_t)strlen(events));
    CHECK(close(fd) == 0);
    (void)snprintf(data, sizeof data, "events=%s", path);
    session = cf_session_new(&(cf_session_options){.rows_shown = 10}, NULL);
    CHECK(session != NULL && cf_session_open(session, data, NULL) == CF_OK);
}

/* The columns offered at the end of the text, in their order. */
static void offers(const char *text, const char *want) {
    cf_text got = {0};
    cf_completions c = cf_session_complete(session, text, strlen(text), strlen(text));
    for (size_t i = 0; i < c.count; i++)
        if (strcmp(c.items[i].kind, "column") == 0)
            cf_text_addf(&got, "%s%s", got.size > 0 ? " " : "", c.items[i].text);
    CHECK_STR(got.data == NULL ? "" : got.data, want);
    cf_completions_clear(&c);
    cf_text_clear(&got);
}

static void a_dot_offers_the_fields_of_what_stands_before_it(void) {
    offers("from events | select Jet.", "pt eta parts");
    offers("from events | select Jet.e", "eta");
    offers("from events | select MET.", "met phi");
    offers("from events | select Jet.parts.", "charge");
    offers("from events | select run.", "");
    offers("from events | select {run, x = Jet.", "pt eta parts");
    offers("from events | select nothing.", "");
    offers("from events | select {a = (Jet | filter parts.", "charge");
    offers("from events | select {a = (Jet | filter pt < MET.", "met phi");
    offers("events.", "run MET Jet");
}

static void inner_pipelines_offer_their_columns_first(void) {
    offers("from events | select ", "run MET Jet");
    offers("from events | select (Jet | filter ", "pt eta parts run MET Jet");
    offers("from events | select (Jet | derive a = (parts | filter ",
           "charge pt eta parts run MET Jet");
    offers("from events | select {b = (Jet | derive pt2 = pt * 2 | filter p", "pt parts pt2");
}

static void help_says(const char *topic, const char *want) {
    char *text = cf_session_inspect(session, topic, strlen(topic), strlen(topic), 0);
    CHECK(text != NULL && strncmp(text, want, strlen(want)) == 0);
    free(text);
}

static void a_percent_sign_before_a_name_is_no_part_of_it(void) {
    help_says("%tables", "%tables");
    help_says("%hist", "hist x");
    help_says("from events | hist", "hist x");
    help_says("%", "a % b");
}

int main(void) {
    open_events();
    RUN(a_dot_offers_the_fields_of_what_stands_before_it);
    RUN(inner_pipelines_offer_their_columns_first);
    RUN(a_percent_sign_before_a_name_is_no_part_of_it);
    cf_session_free(session);
    CHECK(unlink(path) == 0);
    return cf_test_failures > 0;
}
