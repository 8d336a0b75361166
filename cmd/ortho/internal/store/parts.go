package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"sync"
)

// Parts reads an object in any order, as formats with a directory at their end are read: of what follows
// another part closely it makes no further request.
type Parts struct {
	Object

	stores *Stores
	ctx    context.Context
	end    context.CancelFunc

	mutex sync.Mutex
	open  []*part // the last one that was used first
}

type part struct {
	reader *Reader
	at     int64
}

const (
	maxParts = 4       // requests that stand open
	maxGap   = 1 << 20 // bytes that are read rather than asked for anew
)

// Parts begins to read an object in any order.
func (s *Stores) Parts(ctx context.Context, uri string) (*Parts, error) {
	o, err := s.Stat(ctx, uri)
	if err != nil {
		return nil, err
	}
	if o.Size < 0 {
		return nil, failed("open", uri, errors.New("the server does not tell its size"))
	}
	ctx, end := context.WithCancel(ctx)
	return &Parts{Object: o, stores: s, ctx: ctx, end: end}, nil
}

// ReadAt reads from an offset on.
func (p *Parts) ReadAt(data []byte, at int64) (n int, err error) {
	if at >= p.Size {
		return 0, io.EOF
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	from, err := p.part(at)
	if err != nil {
		return 0, err
	}
	n, err = io.ReadFull(from.reader, data)
	from.at += int64(n)
	if errors.Is(err, io.ErrUnexpectedEOF) && from.at == p.Size {
		err = io.EOF
	}
	return n, err
}

// part is a reader that stands at an offset.
func (p *Parts) part(at int64) (*part, error) {
	for i, o := range p.open {
		if gap := at - o.at; gap >= 0 && gap <= maxGap {
			if _, err := io.CopyN(io.Discard, o.reader, gap); err != nil {
				return nil, err
			}
			copy(p.open[1:i+1], p.open[:i])
			p.open[0], o.at = o, at
			return o, nil
		}
	}
	r, err := p.stores.OpenSame(p.ctx, p.Object, at, -1)
	if err != nil {
		return nil, err
	}
	if len(p.open) == maxParts {
		p.open[maxParts-1].reader.Close()
		p.open = p.open[:maxParts-1]
	}
	o := &part{r, at}
	p.open = append([]*part{o}, p.open...)
	return o, nil
}

// Close ends all requests.
func (p *Parts) Close() error {
	p.end()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, o := range p.open {
		o.reader.Close()
	}
	p.open = nil
	return nil
}

// ETagOf is what stands for contents that lie in no store: a digest of them.
func ETagOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}
