#include "io/csv.h"
#include "source_text.h"

/* The rows of a text, or its error. */
static char *read_with(const char *csv, const cf_open_options *options) {
    cf_storage *storage = storage_of("t.csv", csv);
    cf_source *source = NULL;
    cf_error err = {0};
    if (cf_csv_open_storages(&storage, 1, options, &source, &err) == CF_OK)
        return text_of_source(source);
    return strdup(err.message);
}

static void check(const char *csv, const char *want, const cf_open_options *options) {
    char *got = read_with(csv, options);
    CHECK_STR(got, want);
    free(got);
}

static void kinds_are_found_over_the_whole_file(void) {
    check("i,f,b,d,t,s\n1,2,true,2020-02-29,2020-01-01T10:00:00,x\n"
          "-2,3.5,false,2021-01-01,2021-06-01 12:30,1\n",
          "{i = int, f = float, b = bool, d = date, t = timestamp, s = text}\n"
          "{\"i\": 1, \"f\": 2.0, \"b\": true, \"d\": \"2020-02-29\", \"t\": "
          "\"2020-01-01T10:00:00\", "
          "\"s\": \"x\"}\n"
          "{\"i\": -2, \"f\": 3.5, \"b\": false, \"d\": \"2021-01-01\", \"t\": "
          "\"2021-06-01T12:30:00\", \"s\": \"1\"}\n",
          NULL);
    check("d\n2020-01-02\n2020-01-02T00:00:01.5Z\n",
          "{d = timestamp}\n{\"d\": \"2020-01-02T00:00:00\"}\n{\"d\": "
          "\"2020-01-02T00:00:01.500\"}\n",
          NULL);
    check("x\nnan\n-inf\n1e400\n",
          "{x = float}\n{\"x\": \"nan\"}\n{\"x\": \"-inf\"}\n{\"x\": \"inf\"}\n", NULL);
}

static void identifiers_with_leading_zeros_stay_text(void) {
    check("zip,n\n01234,1\n99999,0\n",
          "{zip = text, n = int}\n{\"zip\": \"01234\", \"n\": 1}\n{\"zip\": \"99999\", \"n\": "
          "0}\n",
          NULL);
}

static void integers_keep_all_their_digits(void) {
    check("a\n9223372036854775807\n-9223372036854775808\n",
          "{a = int}\n{\"a\": 9223372036854775807}\n{\"a\": -9223372036854775808}\n", NULL);
    check("a\n9223372036854775808\n1\n18446744073709551615\n",
          "{a = uint64}\n{\"a\": 9223372036854775808}\n{\"a\": 1}\n"
          "{\"a\": 18446744073709551615}\n",
          NULL);
    check("a\n-1\n9223372036854775808\n",
          "{a = text}\n{\"a\": \"-1\"}\n{\"a\": \"9223372036854775808\"}\n", NULL);
    check("a\n18446744073709551616\n", "{a = text}\n{\"a\": \"18446744073709551616\"}\n", NULL);
    check("a\n18446744073709551616\n0.5\n",
          "{a = float}\n{\"a\": 1.8446744073709552e19}\n{\"a\": 0.5}\n", NULL);
}

static void nothing_is_null_and_quotes_are_an_empty_text(void) {
    check("a,b\n1,\n,\"\"\n",
          "{a = int, b = text}\n{\"a\": 1, \"b\": null}\n{\"a\": null, \"b\": \"\"}\n", NULL);
}

static void quotes_hold_separators_newlines_and_quotes(void) {
    check("a,b\r\n\"x, y\",\"he said \"\"no\"\"\"\r\n\"two\r\nlines\",z\r\n",
          "{a = text, b = text}\n{\"a\": \"x, y\", \"b\": \"he said \\\"no\\\"\"}\n"
          "{\"a\": \"two\\r\\nlines\", \"b\": \"z\"}\n",
          NULL);
    check("a,b\n\"1\",\"2.5\"", "{a = int, b = float}\n{\"a\": 1, \"b\": 2.5}\n", NULL);
}

static void separators_are_found_out(void) {
    const char *want =
        "{a = int, b = text}\n{\"a\": 1, \"b\": \"x\"}\n{\"a\": 2, \"b\": \"y\"}\n";
    check("a,b\n1,x\n2,y\n", want, NULL);
    check("a;b\n1;x\n2;y\n", want, NULL);
    check("a\tb\n1\tx\n2\ty\n", want, NULL);
    check("a|b\n1|x\n2|y\n", want, NULL);
    check("a;b\n1;x, and\n2;y, too\n",
          "{a = int, b = text}\n{\"a\": 1, \"b\": \"x, and\"}\n{\"a\": 2, \"b\": \"y, too\"}\n",
          NULL);
    const cf_open_options semicolon = {.separator = ';'};
    check("a,b\n1,x\n", "{`a,b` = text}\n{\"a,b\": \"1,x\"}\n", &semicolon);
}

static void a_first_row_of_numbers_is_no_header(void) {
    check("1,x\n2,y\n",
          "{column1 = int, column2 = text}\n{\"column1\": 1, \"column2\": \"x\"}\n"
          "{\"column1\": 2, \"column2\": \"y\"}\n",
          NULL);
    const cf_open_options bare = {.no_header = true};
    check("a,b\n",
          "{column1 = text, column2 = text}\n{\"column1\": \"a\", \"column2\": \"b\"}\n",
          &bare);
}

static void names_are_made_unique(void) {
    check("a,a,,a_2\n1,2,3,4\n",
          "{a = int, a_2_2 = int, column3 = int, a_2 = int}\n"
          "{\"a\": 1, \"a_2_2\": 2, \"column3\": 3, \"a_2\": 4}\n",
          NULL);
}

static void marks_and_blank_lines_are_passed_over(void) {
    check("\xEF\xBB\xBF\n\na,b\n1,2\n\n3,4\n\n",
          "{a = int, b = int}\n{\"a\": 1, \"b\": 2}\n"
          "{\"a\": 3, \"b\": 4}\n",
          NULL);
    check("a\n1\n\n2", "{a = int}\n{\"a\": 1}\n{\"a\": null}\n{\"a\": 2}\n", NULL);
}

static void errors_name_the_line(void) {
    check("a,b\n1,2\n3\n", "t.csv, line 3: 1 field, but the first line has 2", NULL);
    check("a,b\n\"x\ny\",2\n3,4,5\n", "t.csv, line 4: 3 fields, but the first line has 2",
          NULL);
    check("a,b\n1,\"2\n3,4\n", "t.csv, line 2: a quote is opened here and never closed", NULL);
    check("a,b\n1,\"2\"x\n",
          "t.csv, line 2: there is text between a closing quote and the next separator", NULL);
    check("a\n\xE9\n", "t.csv, line 2: the text is not UTF-8", NULL);
    check("", "t.csv is empty", NULL);
    check("\n\n", "t.csv has no text in it", NULL);
}

static void several_files_are_one_relation(void) {
    cf_storage *storages[] = {storage_of("1.csv", "a,b\n1,x\n"),
                              storage_of("2.csv", "a,b\n2.5,y\n")};
    cf_source *source = NULL;
    CHECK(cf_csv_open_storages(storages, 2, NULL, &source, NULL) == CF_OK);
    CHECK(source->partition_count == 2 && source->partitions[1].first_row == 1);
    char *got = text_of_source(source);
    CHECK_STR(
        got, "{a = float, b = text}\n{\"a\": 1.0, \"b\": \"x\"}\n{\"a\": 2.5, \"b\": \"y\"}\n");
    free(got);
    cf_storage *unequal[] = {storage_of("1.csv", "a,b\n1,x\n"),
                             storage_of("2.csv", "a,c\n2.5,y\n")};
    cf_error err = {0};
    CHECK(cf_csv_open_storages(unequal, 2, NULL, &source, &err) == CF_E_MISMATCH);
    CHECK_STR(err.message, "column 2 of 2.csv is `c`, but that of 1.csv is `b`");
}

/* Blocks of 8 MiB: a quoted record that crosses the border stays whole. */
static void large_files_are_cut_between_records(void) {
    cf_text csv = {0};
    cf_text_adds(&csv, "n,s\n");
    int64_t rows = 0;
    for (; csv.size < ((size_t)17 << 20); rows++)
        cf_text_addf(&csv, "%lld,\"%060d\n\"\"%lld\"\n", (long long)rows, 0, (long long)rows);
    cf_storage *storage = storage_of("big.csv", csv.data);
    cf_source *source = NULL;
    CHECK(cf_csv_open_storages(&storage, 1, NULL, &source, NULL) == CF_OK);
    CHECK(source->rows == rows);
    CHECK(source->partition_count == 3);
    cf_table *table = NULL;
    CHECK(cf_rows_read_all(source, &table, NULL) == CF_OK);
    bool same = true;
    for (int64_t i = 0; i < rows; i++) {
        char want[96];
        const int size = snprintf(want, sizeof want, "%060d\n\"%lld", 0, (long long)i);
        const cf_view text = cf_column_text(table->children[1], i);
        same &= cf_column_int(table->children[0], i) == i && text.size == (size_t)size &&
                memcmp(text.data, want, text.size) == 0;
    }
    CHECK(same);
    cf_column_release(table);
    cf_source_release(source);
    cf_text_clear(&csv);
}

static void floats_are_the_nearest(void) {
    static const char *const texts[] = {"0.1",
                                        "4.369669999999999",
                                        "1.6437400000000002",
                                        "9007199254740993",
                                        "1e23",
                                        "8.5e-324",
                                        "2.2250738585072011e-308",
                                        "1.7976931348623157e308",
                                        "123456789012345678901234567890",
                                        "0.000000000000000000000000000012345678901234567890",
                                        "9.5367431640625e-07",
                                        "5e-324",
                                        "1e-400",
                                        "7.2057594037927945e16",
                                        "3.4028234664e38",
                                        ".5",
                                        "5.",
                                        "+1.5E+3",
                                        "-0.0"};
    for (size_t i = 0; i < CF_COUNT(texts); i++) {
        double got = 0;
        CHECK(cf_text_to_float(texts[i], strlen(texts[i]), &got));
        if (memcmp(&got, &(double){strtod(texts[i], NULL)}, sizeof got) != 0) {
            printf("%s gave %.17g\n", texts[i], got);
            cf_test_failures++;
        }
    }
    for (uint64_t i = 0; i < 200000; i++) {
        char text[64];
        uint64_t bits = cf_hash_u64(i, 1);
        double x, got;
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x)) continue;
        const int size = snprintf(text, sizeof text, i % 2 ? "%.17g" : "%.15g", x);
        if (!cf_text_to_float(text, (size_t)size, &got) || got != strtod(text, NULL)) {
            printf("%s gave %.17g\n", text, got);
            cf_test_failures++;
        }
    }
    double x;
    static const char *const wrong[] = {"",    ".",     "e5",   "1e",    "1e+",
                                        "--1", "1.2.3", "0x10", "infin", "1 2"};
    for (size_t i = 0; i < CF_COUNT(wrong); i++)
        CHECK(!cf_text_to_float(wrong[i], strlen(wrong[i]), &x));
}

static void moments_are_checked(void) {
    int64_t x;
    CHECK(cf_text_to_timestamp("1970-01-01T01:00:00+01:00", 25, &x) && x == 0);
    CHECK(cf_text_to_timestamp("1970-01-01 00:00:00.123456789", 29, &x) && x == 123456);
    CHECK(!cf_text_to_timestamp("1970-01-01T25:00:00", 19, &x));
    CHECK(!cf_text_to_timestamp("1970-01-01T10:00:", 17, &x));
    CHECK(!cf_text_to_date("2021-02-29", 10, &x));
    CHECK(cf_text_to_date("2000-02-29", 10, &x) && x == 11016);
}

static void what_is_written_reads_back(void) {
    const char *csv =
        "i,s,f\n1,\"a \"\"b\"\", c\",1.5\n,\"\",nan\n-3,\"two\nlines\",-inf\n4,,\n";
    cf_storage *storage = storage_of("t.csv", csv);
    cf_source *source = NULL;
    cf_table *table = NULL;
    CHECK(cf_csv_open_storages(&storage, 1, NULL, &source, NULL) == CF_OK);
    CHECK(cf_rows_read_all(source, &table, NULL) == CF_OK);
    cf_text out = {0};
    cf_csv_add_header(&out, source->schema, ',');
    for (int64_t i = 0; i < table->length; i++)
        cf_csv_add_row(&out, table, i, ',');
    CHECK_STR(out.data, csv);
    cf_text_clear(&out);
    cf_column_release(table);
    cf_source_release(source);
}

int main(void) {
    RUN(kinds_are_found_over_the_whole_file);
    RUN(identifiers_with_leading_zeros_stay_text);
    RUN(integers_keep_all_their_digits);
    RUN(nothing_is_null_and_quotes_are_an_empty_text);
    RUN(quotes_hold_separators_newlines_and_quotes);
    RUN(separators_are_found_out);
    RUN(a_first_row_of_numbers_is_no_header);
    RUN(names_are_made_unique);
    RUN(marks_and_blank_lines_are_passed_over);
    RUN(errors_name_the_line);
    RUN(several_files_are_one_relation);
    RUN(large_files_are_cut_between_records);
    RUN(floats_are_the_nearest);
    RUN(moments_are_checked);
    RUN(what_is_written_reads_back);
    return cf_test_failures > 0;
}
