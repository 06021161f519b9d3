/** Multi-head attention. */
#ifndef TYTO_NN_ATTENTION_H
#define TYTO_NN_ATTENTION_H

#include "nn/exec.h"

/** out = softmax(scale·q·kᵀ + mask)·v
 *  shapes  q[B,Tq,H,D] k[B,Tk,H,D] v[B,Tk,H,V] out[B,Tq,H,V], strides in elements
 *  masks   causal: query i sees keys ≤ i; key_mask[B,Tk]: 0 hides a key. Hidden scores get the
 *          most negative float added, as the reference does.
 *  memory  out aliases nothing, unless it is read nowhere; T×T is formed only for probabilities
 *  source  Vaswani et al. 2017, §3.2.1 */
typedef struct tyto_attention_args {
    int64_t batch, queries, keys, heads, qk_channels, v_channels;
    float scale;
    const float *q, *k, *v;
    const uint16_t *q_bf16, *k_bf16, *v_bf16; /* instead, all three, where it takes bf16 */
    tyto_attention_view q_strides, k_strides, v_strides;
    bool causal;
    const uint8_t *key_mask; /* or NULL */
    float *out;
    uint16_t *out_bf16; /* instead, rounded, where it takes bf16 */
    tyto_attention_view out_strides;
    float *probabilities; /* [B,H,Tq,Tk], or NULL */
} tyto_attention_args;

/** Whether attention rounds q, k and v to bf16 anyway, unless probabilities are wanted, and takes
 * them and gives what comes out so. */
bool tyto_attention_takes_bf16(const tyto_exec *exec);
TYTO_NODISCARD tyto_status tyto_attention(tyto_exec *exec, const tyto_attention_args *args);

#endif
