package main

import "sync"

// queue holds what belongs to the items that are under way, such as the names of images:
// answers come in the order of the items.
type queue[T any] struct {
	mutex sync.Mutex
	items []T
}

func (q *queue[T]) add(item T) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	q.items = append(q.items, item)
}

func (q *queue[T]) next() T {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	item := q.items[0]
	q.items = q.items[1:]
	return item
}
