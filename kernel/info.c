/* What the kernel says of itself, and the requests that need little more than a reply. */

#include "kernel/json.h"
#include "kernel/kernel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* An editor that knows no `cutflow` takes R's mode: the same comments, pipes and numbers. */
void cf_answer_kernel_info(cf_kernel *k, cf_worker *w, const cf_request *r) {
    (void)w;
    cf_message *m = cf_reply_new(k, r);
    cf_growing_addf(
        &m->content,
        "{\"status\":\"ok\",\"protocol_version\":\"5.5\",\"implementation\":\"cutflow\","
        "\"implementation_version\":\"%s\",\"language_info\":{\"name\":\"cutflow\","
        "\"version\":\"%s\",\"mimetype\":\"text/x-cutflow\",\"file_extension\":\".cf\","
        "\"pygments_lexer\":\"prql\","
        "\"codemirror_mode\":{\"name\":\"cutflow\",\"mime\":\"text/x-rsrc\"},"
        "\"nbconvert_exporter\":\"script\"},"
        "\"banner\":\"Cutflow %s\\n%%help lists what there is, name? explains it\","
        "\"debugger\":false,\"help_links\":[],\"supported_features\":[\"kernel subshells\"]}",
        cf_version(), cf_version(), cf_version());
    cf_reply_send(k, m);
}

void cf_answer_connect(cf_kernel *k, cf_worker *w, const cf_request *r) {
    (void)w;
    cf_message *m = cf_reply_new(k, r);
    cf_growing_adds(&m->content, "{\"status\":\"ok\"");
    for (size_t i = 0; i < CF_PORT_COUNT; i++)
        cf_growing_addf(&m->content, ",\"%s\":%d", cf_port_keys[i], k->connection.ports[i]);
    cf_growing_adds(&m->content, "}");
    cf_reply_send(k, m);
}

/* ---- comms: there are no targets, so there are no comms ---- */

void cf_answer_comm_info(cf_kernel *k, cf_worker *w, const cf_request *r) {
    (void)w;
    cf_message *m = cf_reply_new(k, r);
    cf_growing_adds(&m->content, "{\"status\":\"ok\",\"comms\":{}}");
    cf_reply_send(k, m);
}

void cf_answer_comm_open(cf_kernel *k, cf_worker *w, const cf_request *r) {
    (void)w;
    size_t size;
    char *id = cf_jread_member_text(r->content, "comm_id", &size);
    if (id == NULL) return;
    cf_message *m = cf_message_new(&k->wire, "comm_close", r);
    cf_message_topic(m, "comm", 4);
    cf_growing_adds(&m->content, "{\"comm_id\":");
    cf_put_text(&m->content, (cf_slice){id, size});
    free(id);
    cf_growing_adds(&m->content, ",\"data\":{}}");
    cf_iopub_send(k, m);
}

/* ---- usage ---- */

/* A number from a line `Name:   123 kB` of /proc/meminfo, in bytes; negative: none. */
static double memory_line(const char *text, const char *name) {
    const char *at = strstr(text, name);
    return at != NULL ? strtod(at + strlen(name), NULL) * 1024 : -1;
}

static bool read_text(const char *path, char *to, size_t size) {
    FILE *f = fopen(path, "re");
    if (f == NULL) return false;
    const size_t n = fread(to, 1, size - 1, f);
    to[n] = 0;
    fclose(f);
    return n > 0;
}

static void put_host_memory(cf_growing *to) {
    char text[4096];
    if (!read_text("/proc/meminfo", text, sizeof text)) return;
    const double total = memory_line(text, "MemTotal:"), free = memory_line(text, "MemFree:"),
                 available = memory_line(text, "MemAvailable:");
    if (total <= 0 || available < 0) return;
    cf_growing_adds(to, ",\"host_virtual_memory\":{\"total\":");
    cf_put_number(to, total);
    cf_growing_adds(to, ",\"available\":");
    cf_put_number(to, available);
    cf_growing_adds(to, ",\"percent\":");
    cf_put_number(to, round((total - available) / total * 1000) / 10);
    cf_growing_adds(to, ",\"used\":");
    cf_put_number(to, total - available);
    cf_growing_adds(to, ",\"free\":");
    cf_put_number(to, free);
    cf_growing_adds(to, "}");
}

static double resident_bytes(void) {
    char text[256];
    if (!read_text("/proc/self/statm", text, sizeof text)) return 0;
    char *second;
    (void)strtod(text, &second);
    return strtod(second, NULL) * (double)sysconf(_SC_PAGESIZE);
}

/* CPU since the last request, in percent of one core. */
static double cpu_percent(cf_kernel *k) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    const double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
                 wall = (double)cf_now_ns() / 1e9, passed = wall - k->usage_wall;
    const double percent =
        k->usage_wall > 0 && passed > 0 ? 100 * (cpu - k->usage_cpu) / passed : 0;
    k->usage_cpu = cpu;
    k->usage_wall = wall;
    return round(percent * 10) / 10;
}

void cf_answer_usage(cf_kernel *k, cf_worker *w, const cf_request *r) {
    (void)w;
    char host[256] = "";
    (void)gethostname(host, sizeof host - 1);
    cf_message *m = cf_reply_new(k, r);
    cf_growing_adds(&m->content, "{\"hostname\":");
    cf_put_string(&m->content, host);
    cf_growing_addf(&m->content,
                    ",\"pid\":%ld,\"cpu_count\":%ld,\"kernel_cpu\":", (long)getpid(),
                    sysconf(_SC_NPROCESSORS_ONLN));
    cf_put_number(&m->content, cpu_percent(k));
    cf_growing_adds(&m->content, ",\"kernel_memory\":");
    cf_put_number(&m->content, resident_bytes());
    put_host_memory(&m->content);
    cf_growing_adds(&m->content, "}");
    cf_reply_send(k, m);
}
