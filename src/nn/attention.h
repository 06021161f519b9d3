#ifndef TYTO_NN_ATTENTION_H
#define TYTO_NN_ATTENTION_H
#include "nn/exec.h"
typedef struct tyto_attention_view { int64_t batch, token, head; } tyto_attention_view;
typedef struct tyto_attention_args { int64_t batch, queries, keys, heads, qk_channels, v_channels; float scale; const float *q, *k, *v; tyto_attention_view q_strides, k_strides, v_strides; bool causal; const uint8_t *key_mask; float *out; tyto_attention_view out_strides; float *probabilities; } tyto_attention_args;
TYTO_NODISCARD tyto_status tyto_attention(tyto_exec *exec, const tyto_attention_args *a);
#endif
