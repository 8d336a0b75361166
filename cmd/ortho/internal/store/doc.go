// Package store reads and writes objects by their URIs, wherever they lie:
//
//	s3://BUCKET/KEY       S3 and what speaks like it (AWS_ENDPOINT_URL)
//	gs://BUCKET/KEY       Google Cloud Storage (STORAGE_EMULATOR_HOST)
//	https://HOST/PATH     what a server gives; read alone
//	file:///PATH, PATH    local files
//
//	Stores: List, Stat, Open --> Reader, Put, Remove
//	           │ asks again what may work later; goes on with a body where it was cut
//	           ▼
//	        backend: objects, buckets, web, files      one request each
//
// Credentials come from where the vendors' own programs look for them, never from a URI. What a URI has
// of secrets (the signature of a signed URL) goes to its server, and stands in no error: [Shown].
//
// Errors are of type [fs.PathError], whose Path is a URI as it is shown. Of what is not there
// [fs.ErrNotExist] is in their chain, of what is forbidden [fs.ErrPermission], of what is there
// already [fs.ErrExist], and of what was another at first [ErrChanged].
package store
