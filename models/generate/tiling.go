package generate

// Concurrency returns the runs in flight.
func (g *Generator) Concurrency() int { return g.concurrency }

// Tiling returns the edge of the tiles of large images and what neighbours share, in
// pixels of the input; a tile of 0: images are never cut.
func (g *Generator) Tiling() (tile, overlap int) { return g.tiling.tile, g.tiling.overlap }
