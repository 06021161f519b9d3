#include <math.h>
#include <float.h>
#include <string.h>
#include "base/error.h"
#include "nn/attention.h"
#include "nn/linear.h"
#include "nn/norm.h"
#include "nn/patches.h"
#include "tensor/convert.h"
static const tyto_kernels scalar = {"scalar"};
tyto_status tyto_kernels_select(const char *isa, const tyto_kernels **out, tyto_error *err) { (void)isa;(void)err; *out=&scalar; return TYTO_OK; }
tyto_status tyto_exec_floats(tyto_exec *exec, int64_t count, float **out) { *out = tyto_arena_take(exec->arena, (size_t)count, 4); return *out ? TYTO_OK : tyto_fail_memory(exec->err, "scratch"); }
size_t tyto_packed_bytes(const tyto_kernels *kernels, int64_t n, int64_t k) { (void)kernels; return (size_t)(n*k)*4; }
tyto_packed_matrix tyto_packed_over(const tyto_kernels *kernels, int64_t n, int64_t k, void *data) { (void)kernels; return (tyto_packed_matrix){n,k,data}; }
void tyto_packed_fill(const tyto_packed_matrix *m, int64_t row, int64_t rows, const void *source, tyto_dtype dtype, tyto_pool *pool) { (void)pool; tyto_convert((float*)m->data + row*m->k, TYTO_F32, source, dtype, rows*m->k); }
tyto_status tyto_matmul_nt(tyto_exec *exec, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *y, int64_t ldy) {
  if (tyto_exec_planning(exec)) return TYTO_OK;
  for (int64_t i=0;i<m;i++) for (int64_t j=0;j<n;j++) { float s=0; for (int64_t c=0;c<k;c++) s+=a[i*lda+c]*b[j*ldb+c]; y[i*ldy+j]=s; }
  return TYTO_OK; }
tyto_status tyto_linear(tyto_exec *exec, const tyto_linear_args *a) {
  if (tyto_exec_planning(exec)) return TYTO_OK;
  const float *w=a->weight->data; int64_t n=a->weight->n,k=a->weight->k;
  for (int64_t i=0;i<a->rows;i++) for (int64_t j=0;j<n;j++) { float s=a->bias?a->bias[j]:0; for (int64_t c=0;c<k;c++) s+=a->x[i*a->ldx+c]*w[j*k+c];
   s=(float)tyto_activation_value(a->activation,(double)s); if (a->residual) s+=a->residual[i*a->ldr+j]; a->y[i*a->ldy+j]=s; }
  return TYTO_OK; }
tyto_status tyto_layer_norm(tyto_exec *exec, int64_t rows, int64_t cols, const float *x, const float *gamma, const float *beta, float eps, float *y) {
  if (tyto_exec_planning(exec)) return TYTO_OK;
  for (int64_t r=0;r<rows;r++) { double s=0,v=0; for (int64_t c=0;c<cols;c++) s+=(double)x[r*cols+c]; s/=(double)cols; for (int64_t c=0;c<cols;c++) { double d=(double)x[r*cols+c]-s; v+=d*d; } v=1/sqrt(v/(double)cols+(double)eps);
   for (int64_t c=0;c<cols;c++) y[r*cols+c]=(float)(((double)x[r*cols+c]-s)*v)*gamma[c]+beta[c]; }
  return TYTO_OK; }
tyto_status tyto_normalize_rows(tyto_exec *exec, int64_t rows, int64_t cols, const float *x, float eps, float *y) {
  if (tyto_exec_planning(exec)) return TYTO_OK;
  for (int64_t r=0;r<rows;r++) { double s=0; for (int64_t c=0;c<cols;c++) s+=(double)x[r*cols+c]*(double)x[r*cols+c]; float f=(float)sqrt(s)+eps; for (int64_t c=0;c<cols;c++) y[r*cols+c]=x[r*cols+c]/f; }
  return TYTO_OK; }
tyto_status tyto_patches(tyto_exec *exec, const float *pixels, int64_t C, int64_t H, int64_t W, int64_t P, float *columns) {
  if (tyto_exec_planning(exec)) return TYTO_OK;
  for (int64_t y=0;y<H/P;y++) for (int64_t x=0;x<W/P;x++) for (int64_t c=0;c<C;c++) for (int64_t r=0;r<P;r++) { memcpy(columns, pixels+(c*H+y*P+r)*W+x*P, (size_t)P*4); columns+=P; }
  return TYTO_OK; }
tyto_status tyto_attention(tyto_exec *exec, const tyto_attention_args *a) {
  float *p; size_t mark=tyto_arena_mark(exec->arena);
  TYTO_TRY(tyto_exec_floats(exec,a->keys,&p));
  if (!tyto_exec_planning(exec))
  for (int64_t b=0;b<a->batch;b++) for (int64_t h=0;h<a->heads;h++) for (int64_t i=0;i<a->queries;i++) {
    const float *q=a->q+b*a->q_strides.batch+i*a->q_strides.token+h*a->q_strides.head; float best=-INFINITY, sum=0;
    for (int64_t j=0;j<a->keys;j++) { const float *k=a->k+b*a->k_strides.batch+j*a->k_strides.token+h*a->k_strides.head; float s=0; for (int64_t c=0;c<a->qk_channels;c++) s+=q[c]*a->scale*k[c];
      if (a->causal&&j>i) s+=-FLT_MAX; if (a->key_mask&&!a->key_mask[b*a->keys+j]) s+=-FLT_MAX; p[j]=s; if (s>best) best=s; }
    for (int64_t j=0;j<a->keys;j++) { p[j]=expf(p[j]-best); sum+=p[j]; }
    float *o=a->out+b*a->out_strides.batch+i*a->out_strides.token+h*a->out_strides.head; memset(o,0,(size_t)a->v_channels*4);
    for (int64_t j=0;j<a->keys;j++) { p[j]/=sum; const float *v=a->v+b*a->v_strides.batch+j*a->v_strides.token+h*a->v_strides.head; for (int64_t c=0;c<a->v_channels;c++) o[c]+=p[j]*v[c]; }
    if (a->probabilities) memcpy(a->probabilities+((b*a->heads+h)*a->queries+i)*a->keys,p,(size_t)a->keys*4);
  }
  tyto_arena_release(exec->arena,mark); return TYTO_OK; }
