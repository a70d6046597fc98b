/* OpenBLAS. It is loaded when it is first needed and not before: as soon as it is there it starts a thread for each processor
 * and maps 128 MiB for each, and where that cannot be had it tries for ever and keeps the program from ending. Here it is told
 * to start none, and is called only where its memory is at hand. */
#ifndef PORTOLAN_BLAS_H
#define PORTOLAN_BLAS_H

#include <cblas.h>
#undef I /* complex.h's */

#include "base/error.h"

typedef struct blas_calls {
    __typeof__(cblas_sgemm) *sgemm;
    __typeof__(cblas_dgemm) *dgemm;
    __typeof__(cblas_dsyrk) *dsyrk;
    __typeof__(cblas_dtrsv) *dtrsv;
    /* LAPACK's, by Fortran's rules: least squares by a QR that tells the rank. NULL: this OpenBLAS was built without */
    void (*dgelsy)(const int *m, const int *n, const int *nrhs, double *a, const int *lda, double *b, const int *ldb,
                   int *jpvt, const double *rcond, int *rank, double *work, const int *lwork, int *info);
    char *(*corename)(void); /* of the processor that its kernels are for */
    char *(*config)(void);   /* "OpenBLAS 0.3.21 ..." */
} blas_calls;

/* Empty until blas_open. */
extern blas_calls blas;

/* Loads OpenBLAS, if that was not done yet, and sees to the memory that it needs to be called by `threads` threads at a time
 * (each call computes in the calling thread alone). Not to be called by two threads at a time. */
bool blas_open(unsigned threads, portolan_error *err);

#endif
