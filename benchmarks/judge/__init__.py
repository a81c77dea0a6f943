"""What the shipped models are judged by: real volumes with people's masks, images without a cord, lesions put in."""
