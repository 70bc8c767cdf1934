/* Windows of calls, for benchmarks/inference.py: each answers the seconds of one call.

   onnxruntime is called through its C API. Its header is not in the Python wheel, so what is needed
   of the table of functions stands here by place; the places of a table never change. */
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* `points` lie one after the other, `inputs` x `size` bytes each. */
double call_window(int (*code)(const void *, void *), const char *points, size_t step,
                   size_t samples, char *answers, size_t answer_step, size_t rounds)
{
    const double start = now();
    size_t r, k;
    for (r = 0; r < rounds; r++)
        for (k = 0; k < samples; k++) code(points + k * step, answers + k * answer_step);
    return (now() - start) / (double)(rounds * samples);
}

/* The same of code that is given its weights with each call. */
double weights_window(int (*code)(const void *, const void *, void *), const void *weights,
                      const char *points, size_t step, size_t samples, char *answers,
                      size_t answer_step, size_t rounds)
{
    const double start = now();
    size_t r, k;
    for (r = 0; r < rounds; r++)
        for (k = 0; k < samples; k++) code(weights, points + k * step, answers + k * answer_step);
    return (now() - start) / (double)(rounds * samples);
}

/* Every byte is loaded once: what a product with all weights takes at least. */
typedef float loaded __attribute__((vector_size(64), aligned(4), may_alias));
float streamed;
double stream_window(const char *bytes, size_t size, size_t rounds)
{
    const double start = now();
    loaded a = {0}, b = {0}, c = {0}, d = {0};
    double spent;
    size_t r, k;
    for (r = 0; r < rounds; r++) {
        __asm__ volatile("" ::: "memory");
        for (k = 0; k + 256 <= size; k += 256) {
            a += *(const loaded *)(bytes + k);
            b += *(const loaded *)(bytes + k + 64);
            c += *(const loaded *)(bytes + k + 128);
            d += *(const loaded *)(bytes + k + 192);
        }
    }
    spent = (now() - start) / (double)rounds;
    a += b;
    c += d;
    a += c;
    streamed = a[0];
    return spent;
}

/* Rows times activations, a unit after the other: what emitters of plain loops write. */
struct naive {
    size_t layers, sizes[64], is_relu[64];
    const float *weights[64], *biases[64];
};

int naive(const struct naive *net, const float *x, float *y)
{
    float kept[2][16384];
    size_t l, i, j;
    for (l = 0; l < net->layers; l++) {
        const size_t n = net->sizes[l], m = net->sizes[l + 1];
        float *to = l + 1 == net->layers ? y : kept[l % 2];
        for (i = 0; i < m; i++) {
            float total = net->biases[l][i];
            for (j = 0; j < n; j++) total += net->weights[l][i * n + j] * x[j];
            to[i] = net->is_relu[l] && total < 0 ? 0 : total;
        }
        x = to;
    }
    return 0;
}

enum { /* places in the table of functions */
    ERROR_MESSAGE = 2, CREATE_ENV = 3, CREATE_SESSION = 7, RUN = 9, CREATE_OPTIONS = 10,
    SET_THREADS = 24, TENSOR_WITH_DATA = 49, CPU_MEMORY = 69
};
enum { API_VERSION = 13, LOG_ERRORS = 3, ARENA = 1, DEFAULT_MEMORY = 0, FLOAT = 1 };
typedef const void *const *table;
struct base {
    table (*get)(uint32_t version);
    const char *(*version)(void);
};
struct session {
    table api;
    void *session, *given, *wanted;
    const char *input, *output;
};

static void require(table api, void *status)
{
    if (!status) return;
    fprintf(stderr, "onnxruntime: %s\n", ((const char *(*)(void *))api[ERROR_MESSAGE])(status));
    exit(1);
}

static void *tensor(table api, void *memory, float *data, const int64_t *shape, size_t rank)
{
    size_t count = 1, k;
    void *made;
    for (k = 0; k < rank; k++) count *= (size_t)shape[k];
    require(api, ((void *(*)(void *, void *, size_t, const int64_t *, size_t, int, void **))
                      api[TENSOR_WITH_DATA])(memory, data, 4 * count, shape, rank, FLOAT, &made));
    return made;
}

/* A session of one thread that reads x and writes y; NULL where the library cannot be loaded. */
struct session *session_open(const char *library, const char *model, const char *input,
                             const char *output, float *x, const int64_t *x_shape, size_t x_rank,
                             float *y, const int64_t *y_shape, size_t y_rank)
{
    void *loaded_library = dlopen(library, RTLD_NOW | RTLD_LOCAL), *env, *options, *memory;
    const struct base *(*base)(void);
    struct session *made = malloc(sizeof *made);
    table api;
    if (!loaded_library || !made) return NULL;
    *(void **)&base = dlsym(loaded_library, "OrtGetApiBase");
    if (!base) return NULL;
    made->api = api = base()->get(API_VERSION);
    made->input = strdup(input);
    made->output = strdup(output);
    require(api, ((void *(*)(int, const char *, void **))api[CREATE_ENV])(LOG_ERRORS, "b", &env));
    require(api, ((void *(*)(void **))api[CREATE_OPTIONS])(&options));
    require(api, ((void *(*)(void *, int))api[SET_THREADS])(options, 1));
    require(api, ((void *(*)(void *, const char *, void *, void **))api[CREATE_SESSION])(
                     env, model, options, &made->session));
    require(api, ((void *(*)(int, int, void **))api[CPU_MEMORY])(ARENA, DEFAULT_MEMORY, &memory));
    made->given = tensor(api, memory, x, x_shape, x_rank);
    made->wanted = tensor(api, memory, y, y_shape, y_rank);
    return made;
}

static void session_run(struct session *s)
{
    require(s->api,
            ((void *(*)(void *, void *, const char *const *, const void *const *, size_t,
                        const char *const *, size_t, void **))s->api[RUN])(
                s->session, NULL, &s->input, (const void *const *)&s->given, 1, &s->output, 1,
                &s->wanted));
}

double session_window(struct session *s, float *x, float *y, const char *points, size_t step,
                      size_t samples, char *answers, size_t answer_step, size_t rounds)
{
    const double start = now();
    size_t r, k;
    for (r = 0; r < rounds; r++)
        for (k = 0; k < samples; k++) {
            memcpy(x, points + k * step, step);
            session_run(s);
            memcpy(answers + k * answer_step, y, answer_step);
        }
    return (now() - start) / (double)(rounds * samples);
}
