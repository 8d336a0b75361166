package library

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// githubAPI is where the project publishes its releases; tests put a server there.
var githubAPI = "https://api.github.com/repos/microsoft/onnxruntime"

const (
	maxRelease = 8 << 20 // bytes of the release's description
	maxArchive = 2 << 30
)

var githubClient = &http.Client{Timeout: 30 * time.Minute}

// github downloads the release's archive and checks it against the digest that
// the release states: the table can't pin what is only fetched when nothing else is there.
func (in installer) github(r row, work string) (string, error) {
	in.opt.Notify(fmt.Sprintf("downloading %s from the GitHub release", r.pkg))
	body, err := get(in.ctx, githubAPI+"/releases/tags/v"+r.version)
	if err != nil {
		return "", err
	}
	defer body.Close()
	var release struct {
		Assets []struct {
			Name   string `json:"name"`
			Digest string `json:"digest"`
			URL    string `json:"browser_download_url"`
		} `json:"assets"`
	}
	if err := json.NewDecoder(io.LimitReader(body, maxRelease)).Decode(&release); err != nil {
		return "", fmt.Errorf("release %s: %w", r.version, err)
	}
	for _, a := range release.Assets {
		if a.Name != r.pkg {
			continue
		}
		want, ok := strings.CutPrefix(a.Digest, "sha256:")
		if !ok {
			return "", fmt.Errorf("release %s states no SHA-256 of %s: not installed", r.version, r.pkg)
		}
		pkg := filepath.Join(work, "archive")
		end := in.watch(work)
		digest, err := download(in.ctx, a.URL, pkg)
		end()
		if err != nil {
			return "", fmt.Errorf("download %s: %w", r.pkg, err)
		}
		if !strings.EqualFold(digest, want) {
			return "", fmt.Errorf("%s has SHA-256 %s, but the release states %s: not installed", r.pkg, digest, want)
		}
		in.opt.Notify(fmt.Sprintf("%s was checked against the digest that GitHub publishes, not against the pinned table", r.pkg))
		return pkg, nil
	}
	return "", fmt.Errorf("release %s has no %s", r.version, r.pkg)
}

func download(ctx context.Context, url, file string) (digest string, err error) {
	body, err := get(ctx, url)
	if err != nil {
		return "", err
	}
	defer body.Close()
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, h), &counted{r: body, left: maxArchive, ctx: ctx})
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, f.Close())
}

func get(ctx context.Context, url string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "ortho")
	resp, err := githubClient.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return resp.Body, nil
}
