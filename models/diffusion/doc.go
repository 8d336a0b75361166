// Package diffusion runs Stable Diffusion pipelines: a text becomes an image, alone, from
// another image, or in the masked part of one. It gives what the pipelines of diffusers
// give for the same folder, seed and settings.
//
//	folder --ReadFolder--> Folder: Facts, Spec --Open--> Pipeline
//	Request --> text encoders --> [ UNet --> scheduler ] x steps --> VAE --> Sample
//	image, mask --> VAE encoder ----^ latents
//
// Graphs may be in float16; what lies between them (latents, guidance, scheduler) is in float32
// always. [Trace] measures how an image uses the graphs.
package diffusion
