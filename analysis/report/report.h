/* Pictures and the report, one HTML page of a run with everything in it that it needs. The neighbours of this folder include
 * this header alone: results folders that are read back (run_folder.h) and the pictures of runs and sweeps (run_plots.h) come
 * with it. */
#ifndef PORTOLAN_ANALYSIS_REPORT_H
#define PORTOLAN_ANALYSIS_REPORT_H

#include "run_folder.h"
#include "run_plots.h"

typedef struct report_request {
    const run_folder *run;
    const run_folder *other; /* to compare with; NULL: none */
    const picture_list *pictures;
} report_request;

/* Writes the page to `path`, whole or not at all. It asks nothing of the network, carries no date, and is the
 * same for the same folders. Nothing that stands in the folders can run in it: texts are escaped, pictures are images,
 * and the page's policy allows its own style and script alone. */
bool report_write(const report_request *r, const char *path, portolan_error *err);

/* Draws data_map.svg, .pdf and .png in a folder, beside their data and script (see plot.h, also for `drawn`), with the pools
 * at alpha and beta; NaN: without. */
struct data_map; /* cartography.h */
bool data_map_draw(const struct data_map *m, double alpha, double beta, const char *folder, bool *drawn,
                   portolan_error *err);

#endif
