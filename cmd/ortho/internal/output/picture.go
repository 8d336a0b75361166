package output

// Picture is an image that was made, and of what.
type Picture struct {
	File       string   `json:"file,omitempty"` // relative to the output folder, with slashes; "" where it failed
	Seed       *uint64  `json:"seed,omitempty"`
	Text       string   `json:"text,omitempty"`
	Class      *int     `json:"class,omitempty"`
	Label      string   `json:"label,omitempty"` // of the class
	Truncation float64  `json:"truncation,omitempty"`
	Latents    *Latents `json:"latents,omitempty"` // in place of the seed's
	*Diffusion          // of a pipeline; its fields stand beside these
}

// Diffusion is what a picture of a diffusion pipeline follows from, beside its text and
// chance.
type Diffusion struct {
	Negative    string  `json:"negative,omitempty"`
	Steps       int     `json:"steps"`
	Guidance    float64 `json:"guidance"`
	Scheduler   string  `json:"scheduler"`
	Strength    float64 `json:"strength,omitempty"` // of the image that it starts from
	ImageSHA256 string  `json:"image_sha256,omitempty"`
	MaskSHA256  string  `json:"mask_sha256,omitempty"`
}

// Latents tell which of given latents a picture was made of: those of a row, or At (0 to
// 1) of the way from one to another. The rows are those of a file or, where there is none,
// seeds.
type Latents struct {
	From uint64   `json:"from"`
	To   *uint64  `json:"to,omitempty"`
	At   *float64 `json:"at,omitempty"`
}
