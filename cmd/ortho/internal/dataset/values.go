package dataset

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// readValues reads what values are called: {"1": "road", "2": "sky"}.
func readValues(data []byte) (all []Category, err error) {
	var named map[string]string
	if err := json.Unmarshal(data, &named); err != nil {
		return nil, fmt.Errorf(`classes.json has no names of values, such as {"1": "road"}: %w`, err)
	}
	for value, name := range named {
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 || n >= mostCategories {
			return nil, fmt.Errorf("classes.json: %.40q is no value of a mask", value)
		}
		all = append(all, Category{ID: n, Name: name})
	}
	return sortedByID(all)
}

// segmentInfo is a segment of a panoptic truth.
type segmentInfo struct {
	ID       uint32
	Category int `json:"category_id"`
	Crowd    int `json:"iscrowd"`
}

// mostSegments bounds the segments of an image.
const mostSegments = 1 << 16

func readSegments(data []byte) (all []segmentInfo, err error) {
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("segments_info: %w", err)
	}
	if len(all) > mostSegments {
		return nil, fmt.Errorf("segments_info: more than %d segments", mostSegments)
	}
	return all, nil
}
