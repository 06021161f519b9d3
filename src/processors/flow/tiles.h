/** Frames to tiles of patches, from the inside. */
#ifndef TYTO_PROCESSORS_FLOW_TILES_H
#define TYTO_PROCESSORS_FLOW_TILES_H

/** Values of a pixel's patch in one frame: 3×3 pixels of three channels. */
#define TYTO_FLOW_PATCH_VALUES 27
/** Longest side of a tile. */
#define TYTO_FLOW_TILE_SIDE_MAX 16384

#endif
