/* Which of its two forms a file of torch's has. */
#include "formats/torch.h"
#include "formats/zip.h"

bool tyto_torch_begins(const uint8_t *bytes, size_t length)
{
    if (length < 16 || bytes[8] == '{') {
        return false; /* too short, or a safetensors file: its header begins there */
    }
    return tyto_zip_begins(bytes, length) || (bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5);
}

tyto_status tyto_torch_parse(tyto_tensor_file *file, tyto_shard *shard, const uint8_t *bytes,
                             size_t length, tyto_error *err)
{
    return tyto_zip_begins(bytes, length)
               ? tyto_torch_zip_parse(file, shard, bytes, length, err)
               : tyto_torch_legacy_parse(file, shard, bytes, length, err);
}
