/* What `portolan calibrate` has found, and leaves behind. Internal to sim/commands/. */
#ifndef PORTOLAN_CALIBRATE_FILES_H
#define PORTOLAN_CALIBRATE_FILES_H

#include <jansson.h>

#include "analysis/service/service.h"
#include "base/files.h"
#include "platforms/service.h"

enum { CALIBRATION_WHY = 512 };

typedef struct calibration {
    const char *name;       /* of the device */
    const char *model;      /* that was measured; NULL: the latencies are others' */
    const char *from;       /* the file that they come from */
    const char *like;       /* the preset that gives what no latency tells */
    const device *hardware; /* it is */
    latencies rows;         /* those that the fit uses, then those that are left out */
    size_t used, outliers;  /* outliers: rows that are in neither */
    service_fit fit;
    double *fitted, *tabled; /* [rows.count], owned: seconds by the formula, and by the table, NaN outside */
    service_errors used_errors, formula_errors, table_errors; /* of the fitted rows; of those left out */
    double spread;                                            /* median of the rows' spread; NaN: not known */
    bool has_table, drawn;
    char no_table[CALIBRATION_WHY]; /* why there is none */
} calibration;

void calibration_free(calibration *c);

/* Writes table.csv into the folder, of the fitted rows of a model, or of all of others' rows (several of one shape: their
 * median), and fills c->tabled. Others' rows may not be a table: then there is none, and c->no_table says why. */
bool calibration_write_table(calibration *c, const result_folder *folder, portolan_error *err);

/* Writes device.yaml: a map `devices` with this one, as a platform has it. */
bool calibration_write_device(const calibration *c, const result_folder *folder, portolan_error *err);

/* FLOP/s of the device. Where latencies do not grow with FLOP, the fit has no such term, and a device must have one: then so
 * many that they are a hundredth of the longest latency. */
double calibration_speed(const calibration *c);

/* Everything found; a new reference. */
json_t *calibration_json(const calibration *c);

/* The same for people. */
void calibration_print(const calibration *c, FILE *out);

#endif
