package notices

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"ortho/models/bundled"
)

// Binary is the program that a bill of materials is of.
type Binary struct {
	Version string
	System  string // and processor, as "linux-amd64"
	SHA256  string // of its file, in hex
	At      time.Time
}

// Document is a software bill of materials: SPDX 2.3 in JSON.
type Document struct {
	Version       string         `json:"spdxVersion"`
	DataLicense   string         `json:"dataLicense"`
	ID            string         `json:"SPDXID"`
	Name          string         `json:"name"`
	Namespace     string         `json:"documentNamespace"`
	Creation      creation       `json:"creationInfo"`
	Packages      []spdxPackage  `json:"packages"`
	Extracted     []extracted    `json:"hasExtractedLicensingInfos,omitempty"`
	Relationships []relationship `json:"relationships"`
}

type creation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type spdxPackage struct {
	ID            string     `json:"SPDXID"`
	Name          string     `json:"name"`
	Version       string     `json:"versionInfo,omitempty"`
	Purpose       string     `json:"primaryPackagePurpose"`
	Download      string     `json:"downloadLocation"`
	FilesAnalyzed bool       `json:"filesAnalyzed"`
	Concluded     string     `json:"licenseConcluded"`
	Declared      string     `json:"licenseDeclared"`
	Copyright     string     `json:"copyrightText"`
	Comment       string     `json:"comment,omitempty"`
	Checksums     []checksum `json:"checksums,omitempty"`
	References    []external `json:"externalRefs,omitempty"`
}

type checksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type external struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type extracted struct {
	ID   string `json:"licenseId"`
	Name string `json:"name"`
	Text string `json:"extractedText"`
}

type relationship struct {
	From string `json:"spdxElementId"`
	Type string `json:"relationshipType"`
	To   string `json:"relatedSpdxElement"`
}

const (
	noAssertion = "NOASSERTION"
	document    = "SPDXRef-DOCUMENT"
	program     = "SPDXRef-ortho"
)

// SPDX is the bill of materials of a binary with these parts, the first of which is the program.
// What is within a package is related to the program by CONTAINS, what is linked by STATIC_LINK, and
// what is loaded at run time by RUNTIME_DEPENDENCY_OF.
func SPDX(all []Part, of Binary) (*Document, error) {
	d := &Document{Version: "SPDX-2.3", DataLicense: "CC0-1.0", ID: document,
		Name:      fmt.Sprintf("ortho-%s-%s", of.Version, of.System),
		Namespace: fmt.Sprintf("https://spdx.org/spdxdocs/ortho-%s-%s-%s", plainID(of.Version), of.System, of.SHA256),
		Creation:  creation{of.At.UTC().Format("2006-01-02T15:04:05Z"), []string{"Tool: ortho-" + of.Version}},
	}
	for _, p := range all {
		pkg := spdxPackage{ID: "SPDXRef-" + string(p.Kind) + "-" + plainID(p.Name), Name: p.Name, Version: p.Version, Purpose: "LIBRARY",
			Download: noAssertion, Concluded: p.Licence, Declared: p.Licence, Copyright: noAssertion, Comment: p.Note}
		if p.Declared != "" {
			pkg.Declared = p.Declared
		}
		link := relationship{program, "STATIC_LINK", pkg.ID}
		switch p.Kind {
		case Program:
			pkg.ID, pkg.Version, pkg.Purpose = program, of.Version, "APPLICATION"
			pkg.Checksums = []checksum{{"SHA256", of.SHA256}}
			link = relationship{document, "DESCRIBES", program}
		case Go:
			pkg.References = []external{purl("golang/std", p.Version)}
		case Module:
			pkg.References = []external{purl("golang/"+p.Name, p.Version)}
		case Model:
			pkg.Purpose, link.Type = "OTHER", "CONTAINS"
			digest, err := digestOf(p.Name)
			if err != nil {
				return nil, err
			}
			pkg.Checksums, pkg.Comment = []checksum{{"SHA256", digest}}, "the digest is that of model.onnx"
		case Code:
			link.Type = "CONTAINS"
		case Loaded:
			link = relationship{pkg.ID, "RUNTIME_DEPENDENCY_OF", program}
		}
		d.Packages = append(d.Packages, pkg)
		d.Relationships = append(d.Relationships, link)
		if err := d.extract(p); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// licenceReference is a licence that SPDX has no name for.
var licenceReference = regexp.MustCompile(`LicenseRef-[-.A-Za-z0-9]+`)

// extract adds the texts of a part's licences that SPDX has no names for.
func (d *Document) extract(p Part) error {
	for _, id := range licenceReference.FindAllString(p.Licence, -1) {
		if slices.ContainsFunc(d.Extracted, func(e extracted) bool { return e.ID == id }) {
			continue
		}
		text, err := Text(p.Texts[0])
		if err != nil {
			return fmt.Errorf("read the licence of %s: %w", p.Name, err)
		}
		d.Extracted = append(d.Extracted, extracted{id, strings.TrimPrefix(id, "LicenseRef-"), text})
	}
	return nil
}

func purl(name, version string) external {
	return external{"PACKAGE-MANAGER", "purl", "pkg:" + name + "@" + version}
}

// plainID has the characters that SPDX allows in an identifier.
func plainID(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' {
			return r
		}
		return '-'
	}, name)
}

// digestOf is the SHA-256 of a bundled model's graph.
func digestOf(model string) (string, error) {
	folder, err := bundled.FS(model)
	if err != nil {
		return "", err
	}
	graph, err := fs.ReadFile(folder, "model.onnx")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(graph)
	return hex.EncodeToString(sum[:]), nil
}
