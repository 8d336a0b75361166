// Package hub brings models from the Hugging Face Hub, and from servers that speak as it does
// (HF_ENDPOINT), into the cache that Python's huggingface_hub uses, too; and single graphs by URL, with
// their digest:
//
//	hf:ORG/NAME[@REVISION][/PATH] --Parse--> Name --Find--> what the cache has
//	                                              --Pull--> the hub is asked, and files are fetched
//	https://... or s3://...#sha256=DIGEST ------> Pull
//
// Of a repository the files are fetched that an ONNX model needs: graphs of one variant with their
// weights, and what says how they are used. All that is fetched is compared with the digest that the hub
// states, SHA-256 or that of git, before it has a name in the cache.
//
// The protocol is that of https://huggingface.co/docs/hub/api; the cache's layout that of
// https://huggingface.co/docs/huggingface_hub/guides/manage-cache.
package hub
