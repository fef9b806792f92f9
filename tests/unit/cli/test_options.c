/* The command line: what is asked for does not depend on the order of the words. */

#include "cli/options.h"
#include "test.h"

#include <stdlib.h>

/* Parses words, the last of them NULL. */
static bool parse(cf_cli_options *o, char **words) {
    int count = 0;
    while (words[count] != NULL)
        count++;
    return cf_cli_parse(o, count, words);
}

#define WORDS(...) ((char *[]){program, __VA_ARGS__, NULL})
static char program[] = "cutflow";
static char c[] = "-c", text[] = "from x", format[] = "--format", json[] = "json",
            file[] = "a.cf", data[] = "ev=x.root", input[] = "-", p[] = "-p", param[] = "a=1";

static void programs_keep_their_order(void) {
    cf_cli_options o;
    CHECK(parse(&o, WORDS(file, c, text, data, input)));
    CHECK(o.program_count == 3 && o.data_count == 1);
    if (o.program_count == 3) {
        CHECK(o.programs[0].source == CF_CLI_FILE && o.programs[2].source == CF_CLI_STDIN);
        CHECK_STR(o.programs[1].value, "from x");
    }
    cf_cli_clear(&o);
}

static void options_may_stand_anywhere(void) {
    cf_cli_options a, b;
    CHECK(parse(&a, WORDS(format, json, p, param, file)));
    CHECK(parse(&b, WORDS(file, p, param, format, json)));
    CHECK(a.format == CF_FORMAT_JSON && b.format == CF_FORMAT_JSON);
    CHECK(a.param_count == 1 && b.param_count == 1 && a.program_count == b.program_count);
    cf_cli_clear(&a);
    cf_cli_clear(&b);
}

static void values_may_be_tied_to_their_options(void) {
    char tied[] = "--format=csv", short_tied[] = "-pb=2", threads[] = "--threads=3";
    cf_cli_options o;
    CHECK(parse(&o, WORDS(tied, short_tied, threads)));
    CHECK(o.format == CF_FORMAT_CSV && o.threads == 3);
    CHECK_STR(o.params[0], "b=2");
    cf_cli_clear(&o);
}

static size_t memory_of(const char *value) {
    char name[] = "--memory", copy[32];
    cf_cli_options o;
    snprintf(copy, sizeof(copy), "%s", value);
    const size_t memory = parse(&o, WORDS(name, copy)) ? o.memory : 0;
    cf_cli_clear(&o);
    return memory;
}

static void sizes_have_units(void) {
    CHECK(memory_of("4G") == (size_t)4 << 30);
    CHECK(memory_of("1.5 GiB") == (size_t)3 << 29);
    CHECK(memory_of("800MB") == (size_t)800 << 20);
    CHECK(memory_of("2000000") == 2000000);
    CHECK(memory_of("4X") == 0 && memory_of("-4G") == 0 && memory_of("") == 0 &&
          memory_of("1e99G") == 0);
    CHECK(memory_of("nan") == 0 && memory_of("12") == 0);
}

static void a_double_dash_ends_the_options(void) {
    char dashes[] = "--", odd[] = "--odd.root";
    cf_cli_options o;
    CHECK(parse(&o, WORDS(dashes, odd)));
    CHECK(o.data_count == 1 && o.program_count == 0);
    cf_cli_clear(&o);
}

static void a_sub_command_takes_the_words_after_it(void) {
    char fmt[] = "fmt", describe[] = "describe";
    cf_cli_options o;
    CHECK(parse(&o, WORDS(fmt, file, input)));
    CHECK(o.job == CF_CLI_FMT && o.data_count == 2 && o.program_count == 0);
    cf_cli_clear(&o);
    CHECK(parse(&o, WORDS(file, describe)));
    CHECK(o.job == CF_CLI_RUN);
    cf_cli_clear(&o);
}

static void mistakes_are_named(void) {
    char typo[] = "--fromat", far[] = "--xyz", letter[] = "-q", bare[] = "-p", plain[] = "x";
    cf_cli_options o;
    CHECK(!parse(&o, WORDS(typo)));
    CHECK_STR(o.message, "no option `--fromat`; did you mean `--format`?");
    cf_cli_clear(&o);
    CHECK(!parse(&o, WORDS(far)));
    CHECK_STR(o.message, "no option `--xyz`");
    cf_cli_clear(&o);
    CHECK(!parse(&o, WORDS(letter)));
    CHECK_STR(o.message, "no option `-q`");
    cf_cli_clear(&o);
    CHECK(!parse(&o, WORDS(bare)));
    CHECK_STR(o.message, "`-p` needs a value");
    cf_cli_clear(&o);
    CHECK(!parse(&o, WORDS(p, plain)));
    cf_cli_clear(&o);
    CHECK(!parse(&o, WORDS(input, input)));
    cf_cli_clear(&o);
}

int main(void) {
    RUN(programs_keep_their_order);
    RUN(options_may_stand_anywhere);
    RUN(values_may_be_tied_to_their_options);
    RUN(sizes_have_units);
    RUN(a_double_dash_ends_the_options);
    RUN(a_sub_command_takes_the_words_after_it);
    RUN(mistakes_are_named);
    return cf_test_failures != 0;
}
