/* The list of result tables: a new one is a file and a name here. */
#include "tables.h"

const result_table *const RESULT_TABLES[] = {&REQUESTS_TABLE, &SAMPLES_TABLE, &PLACES_LOAD_TABLE, &SITES_TABLE, NULL};
